// An API error in the words of a form.
import { ApiError, NetworkError } from '@/lib/api/problem';

export interface FormProblem {
  /** The field at fault, if it is one. */
  field: string | null;
  message: string;
}

const FIELDS: Record<string, string> = {
  email: 'This does not look like an email address. Check it for spaces and a missing part after the @.',
  company: 'The company needs a name of at most 120 characters.',
  plan: 'This plan is not on offer. Choose another.',
  password: 'The password needs 8 to 72 characters.',
  code: 'The code has six digits.',
};

export function problemOf(error: unknown): FormProblem {
  if (error instanceof NetworkError) {
    return { field: null, message: 'The server could not be reached. Check your connection and try again.' };
  }
  if (!(error instanceof ApiError))
    return { field: null, message: 'This did not work. Try again in a moment.' };
  if (error.status === 429) {
    return {
      field: null,
      message: `Too many attempts from your network. Try again ${inWords(error.retryAfter)}.`,
    };
  }
  if (error.code === 'invalid_token') {
    return {
      field: 'code',
      message: 'This code is wrong, used or older than an hour. Check it, or ask for a new mail.',
    };
  }
  if (error.status >= 500) {
    return { field: null, message: 'Something is wrong on our side. Try again in a minute.' };
  }
  const field = error.fields[0]?.field ?? null;
  return { field, message: (field && FIELDS[field]) ?? error.detail ?? error.title };
}

function inWords(seconds: number | null): string {
  if (seconds === null) return 'later';
  if (seconds < 90) return 'in a minute';
  return `in ${Math.ceil(seconds / 60)} minutes`;
}
