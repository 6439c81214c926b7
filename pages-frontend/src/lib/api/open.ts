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
): Promise<z.output<S>> =>
  askOpen(baseUrl, path, schema, {
    method: 'POST',
    headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });

/** Reads without credentials and validates the answer. */
export const getOpen = <P extends string, S extends z.ZodMiniType>(
  baseUrl: string,
  path: P & Route<P, 'GET'>,
  schema: S & Takes<S, Answer<P, 'GET'>>,
  query: QueryOf<P, 'GET'>,
): Promise<z.output<S>> =>
  askOpen(baseUrl, path + queryString(query as Query), schema, { headers: { Accept: 'application/json' } });

async function askOpen<S extends z.ZodMiniType>(
  baseUrl: string,
  path: string,
  schema: S,
  init: RequestInit,
): Promise<z.output<S>> {
  let response: Response;
  try {
    response = await fetch(baseUrl + path, init);
  } catch {
    throw new NetworkError();
  }
  if (!response.ok) throw await ApiError.from(response);
  const parsed = schema.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success) throw new ShapeError(path);
  return parsed.data;
}
