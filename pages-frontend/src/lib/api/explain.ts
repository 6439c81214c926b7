import { ApiError, NetworkError } from './problem';

/** What to tell a person about a failure, in a sentence or two. */
export function explain(error: unknown): string {
  if (error instanceof NetworkError) return 'The server could not be reached. Nothing was changed.';
  if (error instanceof ApiError && error.status === 429) return 'Too many requests. Try again in a minute.';
  if (error instanceof ApiError) {
    const [field] = error.fields;
    return field ? `${error.title}: ${field.field} takes ${field.expected}.` : `${error.title}.`;
  }
  return error instanceof Error ? error.message : 'This did not work. Try again in a moment.';
}
