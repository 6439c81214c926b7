// The open routes of sign-up.
import * as z from 'zod/mini';
import { postOpen } from '@/lib/api/open';
import { Welcome } from '@/lib/welcome';
import type { SignUp } from './sign-up-page';

const Sent = z.object({ status: z.string() });

export const signUp = (baseUrl: string, wish: SignUp) => postOpen(baseUrl, '/v1/onboard/signup', Sent, wish);

export const resendVerification = (baseUrl: string, email: string) =>
  postOpen(baseUrl, '/v1/onboard/resend-verification', Sent, { email });

export const verifyCode = (baseUrl: string, email: string, code: string) =>
  postOpen(baseUrl, '/v1/onboard/verify', Welcome, { email, code });
