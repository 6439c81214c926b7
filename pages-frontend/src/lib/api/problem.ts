// What can go wrong between this page and the API, as values the interface can act on.

export interface FieldError {
  field: string;
  expected: string;
}

/** The API answered with an error (RFC 9457 problem+json, or something that should have been). */
export class ApiError extends Error {
  override name = 'ApiError';
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string | undefined,
    readonly requestId: string | undefined,
    /** The fields at fault, where the API names them. */
    readonly fields: readonly FieldError[] = [],
    /** Seconds until asking again may help. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail ?? title);
  }

  static async from(response: Response): Promise<ApiError> {
    const body: unknown = await response.json().catch(() => null);
    const text = (name: string): string | undefined => {
      const value = body && typeof body === 'object' ? (body as Record<string, unknown>)[name] : undefined;
      return typeof value === 'string' ? value : undefined;
    };
    return new ApiError(
      response.status,
      text('code') ?? 'unknown',
      text('title') ?? `The server answered ${response.status}`,
      text('detail'),
      text('request_id') ?? response.headers.get('x-request-id') ?? undefined,
      fieldsOf(body),
      Number(response.headers.get('retry-after')) || null,
    );
  }
}

function fieldsOf(body: unknown): FieldError[] {
  const errors = body && typeof body === 'object' ? (body as { errors?: unknown }).errors : undefined;
  if (!Array.isArray(errors)) return [];
  return errors.filter(
    (each): each is FieldError => typeof each?.field === 'string' && typeof each?.expected === 'string',
  );
}

/** No answer at all: offline, DNS, a closed connection. */
export class NetworkError extends Error {
  override name = 'NetworkError';
  constructor() {
    super('The server could not be reached');
  }
}

/** An answer in a shape this build does not know. */
export class ShapeError extends Error {
  override name = 'ShapeError';
  constructor(readonly path: string) {
    super(`The answer of ${path} was not understood. Reload the page; if that does not help, it is a bug.`);
  }
}

/** Nobody is signed in any more. The page has already been told to go to sign-in. */
export class SessionExpiredError extends Error {
  override name = 'SessionExpiredError';
  constructor() {
    super('Your session has ended. Sign in again to go on.');
  }
}

/** Whether asking again may help. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof NetworkError) return true;
  return error instanceof ApiError && (error.status === 429 || error.status >= 500);
}
