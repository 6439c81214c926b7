// The one way to the API: attaches the access token and the organisation it was made for, refreshes a refused token once,
// and turns every failure into one of the errors of ./problem. Calls are checked against the API's document, see ./contract.
import { createContext, useContext } from 'react';
import type * as z from 'zod/mini';
import type { Auth } from '../auth';
import type { Answer, Body, Method, QueryOf, Route, Takes } from './contract';
import { ApiError, NetworkError, SessionExpiredError, ShapeError } from './problem';

export type Query = Record<string, string | number | boolean | undefined>;

interface Sent {
  method?: Method;
  query?: Query;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export type RequestOptions<P extends string, M extends Method> = Omit<Sent, 'method' | 'query' | 'body'> & {
  method?: M;
  query?: QueryOf<P, M>;
  body?: Body<P, M>;
};

export interface ApiClient {
  readonly baseUrl: string;
  /** Sends and validates the answer against its schema. */
  request<P extends string, S extends z.ZodMiniType, M extends Method = 'GET'>(
    path: P & Route<P, M>,
    schema: S & Takes<S, Answer<P, M>>,
    options?: RequestOptions<P, M>,
  ): Promise<z.output<S>>;
  /** Sends and hands back the response itself; for streams. */
  send<P extends string, M extends Method = 'GET'>(
    path: P & Route<P, M>,
    options?: RequestOptions<P, M>,
  ): Promise<Response>;
  /**
   * The same, for one organisation. Without it requests name none: they concern the person. Bound to the client and not
   * read when a request leaves, so that no change of organisation, here or in another tab, reaches requests under way.
   */
  inOrganization(id: string): ApiClient;
}

export interface ApiClientOptions {
  baseUrl: string;
  auth: Pick<Auth, 'accessToken' | 'refresh'>;
  onSessionExpired: () => void;
  fetch?: typeof fetch;
}

export function createApiClient(options: ApiClientOptions): ApiClient {
  return clientFor(options, null);
}

function clientFor(options: ApiClientOptions, organization: string | null): ApiClient {
  const { baseUrl, auth, onSessionExpired } = options;
  const doFetch = options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args));

  async function attempt(path: string, token: string, request: Sent): Promise<Response> {
    const headers = new Headers({ Accept: 'application/json', ...request.headers });
    headers.set('Authorization', `Bearer ${token}`);
    if (organization) headers.set('Driftlock-Organization', organization);
    const init: RequestInit = { method: request.method ?? 'GET', headers };
    if (request.signal) init.signal = request.signal;
    if (request.body !== undefined) {
      headers.set('Content-Type', 'application/json');
      init.body = JSON.stringify(request.body);
    }
    try {
      return await doFetch(baseUrl + path + queryString(request.query), init);
    } catch (error) {
      if (request.signal?.aborted) throw error;
      throw new NetworkError();
    }
  }

  async function send(path: string, request: Sent = {}): Promise<Response> {
    const token = await auth.accessToken();
    if (!token) return expire();
    let response = await attempt(path, token, request);
    if (response.status === 401) {
      const fresh = await auth.refresh();
      if (!fresh) return expire();
      response = await attempt(path, fresh, request);
      if (response.status === 401) return expire();
    }
    if (!response.ok) throw await ApiError.from(response);
    return response;
  }

  function expire(): never {
    onSessionExpired();
    throw new SessionExpiredError();
  }

  async function request<S extends z.ZodMiniType>(
    path: string,
    schema: S,
    wish?: Sent,
  ): Promise<z.output<S>> {
    const response = await send(path, wish);
    const body: unknown = await response.json().catch((error: unknown) => {
      // given up while the body was on its way
      if (wish?.signal?.aborted) throw error;
      return undefined;
    });
    const parsed = schema.safeParse(body);
    if (!parsed.success) {
      console.error(`unexpected answer of ${path}`, parsed.error.issues);
      throw new ShapeError(path);
    }
    return parsed.data;
  }

  const inOrganization = (id: string) => clientFor(options, id);
  return { baseUrl, send, request, inOrganization } as ApiClient;
}

export function queryString(query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') params.set(name, String(value));
  }
  const text = params.toString();
  return text ? `?${text}` : '';
}

export const ApiContext = createContext<ApiClient | null>(null);

export function useApi(): ApiClient {
  const api = useContext(ApiContext);
  if (!api) throw new Error('no API client above this component');
  return api;
}
