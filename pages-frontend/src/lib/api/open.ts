// Calls that need no account: sign-up and what belongs to it.
import type * as z from 'zod/mini';
import { queryString, type Query } from './client';
import type { Answer, Body, QueryOf, Route, Takes } from './contract';
import { ApiError, NetworkError, ShapeError } from './problem';

/** Posts JSON without credentials and validates the answer. */
export const postOpen = <P extends string, S extends z.ZodMiniType>(
  baseUrl: string,
  path: P & Route<P, 'POST'>,
  schema: S & Takes<S, Answer<P, 'POST'>>,
  body: Body<P, 'POST'>,
): Promise<z.output<S>> => ask(baseUrl + path, schema, body);

/** Reads without credentials and validates the answer. */
export const getOpen = <P extends string, S extends z.ZodMiniType>(
  baseUrl: string,
  path: P & Route<P, 'GET'>,
  schema: S & Takes<S, Answer<P, 'GET'>>,
  query: QueryOf<P, 'GET'>,
): Promise<z.output<S>> => ask(baseUrl + path + queryString(query as Query), schema);

/** With a body it posts, without it reads. */
async function ask<S extends z.ZodMiniType>(url: string, schema: S, body?: unknown): Promise<z.output<S>> {
  const accept = { Accept: 'application/json' };
  const post = {
    method: 'POST',
    headers: { ...accept, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  };
  let response: Response;
  try {
    response = await fetch(url, body === undefined ? { headers: accept } : post);
  } catch {
    throw new NetworkError();
  }
  if (!response.ok) throw await ApiError.from(response);
  const parsed = schema.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success) throw new ShapeError(url.replace(/\?.*/, ''));
  return parsed.data;
}
