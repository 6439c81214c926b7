// The open routes of sign-up.
import * as z from 'zod/mini';
import { getOpen, postOpen } from '@/lib/api/open';
import { Welcome } from '@/lib/welcome';
import type { SignUp } from './sign-up-page';

const Sent = z.object({ status: z.string() });

export const signUp = (baseUrl: string, wish: SignUp) => postOpen(baseUrl, '/v1/onboard/signup', Sent, wish);

export const resendVerification = (baseUrl: string, email: string) =>
  postOpen(baseUrl, '/v1/onboard/resend-verification', Sent, { email });

export const verifyCode = (baseUrl: string, email: string, code: string, password: string) =>
  postOpen(baseUrl, '/v1/onboard/verify', Welcome, { email, code, ...(password ? { password } : {}) });

/** What an invitation's link is for. */
export const Invitation = z.object({
  organization: z.string(),
  email: z.string(),
  role: z.string(),
  /** Whether the address has an account already. */
  account: z.boolean(),
});
export type Invitation = z.output<typeof Invitation>;

const Joined = z.object({ organization: z.string(), org_id: z.string(), role: z.string() });

export const findInvitation = (baseUrl: string, token: string) =>
  getOpen(baseUrl, '/v1/invitations/accept', Invitation, { token });

export const acceptInvitation = (baseUrl: string, token: string, password: string | undefined) =>
  postOpen(baseUrl, '/v1/invitations/accept', Joined, { token, ...(password ? { password } : {}) });

export const declineInvitation = (baseUrl: string, token: string) =>
  postOpen(baseUrl, '/v1/invitations/decline', z.unknown(), { token });
