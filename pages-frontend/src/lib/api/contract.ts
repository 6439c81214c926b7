// What the API's document (docs/openapi.json) says of a call, looked up by the path as it is written in that call. A route or
// method that does not exist, a wrong query or body, or a schema that would refuse a valid answer does not compile.
import type * as z from 'zod/mini';
import type { components, paths } from './generated';

/** The shapes of the document by name. */
export type Schemas = components['schemas'];

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** `/v1/keys/{id}` → `/v1/keys/${string}`. */
type Filled<P extends string> = P extends `${infer Before}{${string}}${infer After}`
  ? `${Before}${string}${Filled<After>}`
  : P;

/** The document's path that is written as P. Both directions, since `${string}` stands for slashes too. */
type Template<P extends string> = {
  [K in keyof paths]: P extends Filled<K> ? (Filled<K> extends P ? K : never) : never;
}[keyof paths];

type Operation<P extends string, M extends Method> =
  Lowercase<M> extends keyof paths[Template<P>] ? NonNullable<paths[Template<P>][Lowercase<M>]> : never;

/** P, if the document has it with this method. */
export type Route<P extends string, M extends Method> = [Operation<P, M>] extends [never] ? never : P;

type Json<T> = T extends { content: { 'application/json': infer Body } } ? Body : never;

/** What a success answers. */
export type Answer<P extends string, M extends Method> =
  Operation<P, M> extends { responses: infer Responses }
    ? { [Status in keyof Responses & (200 | 201 | 202)]: Json<Responses[Status]> }[keyof Responses &
        (200 | 201 | 202)]
    : never;

export type Body<P extends string, M extends Method> =
  Operation<P, M> extends { requestBody?: infer Request } ? Json<NonNullable<Request>> : never;

export type QueryOf<P extends string, M extends Method> =
  Operation<P, M> extends { parameters: { query?: infer Query } }
    ? { [Name in keyof NonNullable<Query>]?: NonNullable<Query>[Name] | undefined }
    : never;

/** S, if it takes every answer that the document allows. */
export type Takes<S extends z.ZodMiniType, A> = [A] extends [z.input<S>] ? S : never;
