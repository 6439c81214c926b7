// Usage, plan and payments as the API tells them.
import { queryOptions } from '@tanstack/react-query';
import * as z from 'zod/mini';
import type { ApiClient } from './client';

const count = z.number();

export const Usage = z.object({
  period_start: z.string(),
  period_end: z.string(),
  events: count,
  detections: count,
  unrecorded_detections: z.optional(count),
  included_events: z.nullable(count),
  included_detections: z.nullable(count),
  percent: z.number(),
  overage_detections: count,
  overage_cost_usd: z.number(),
  forecast: z.object({ events: count, detections: count, cost_usd: z.number() }),
  alerts: z.array(z.object({ threshold: z.number(), reached_at: z.string() })),
});
export type Usage = z.output<typeof Usage>;

/** The share of the allowance, in percent, from which its owner is told once more; nothing stops there. */
export const SOFT_CAP = 120;

export const Billing = z.object({
  status: z.string(),
  plan: z.string(),
  trial_ends_at: z.nullable(z.string()),
  trial_days_remaining: z.nullable(z.number()),
  trial_available: z.optional(z.boolean()),
  grace_period_ends_at: z.nullable(z.string()),
  grace_days_remaining: z.nullish(z.number()),
  current_period_end: z.nullable(z.string()),
  cancel_at_period_end: z.boolean(),
  hard_cap: z.boolean(),
  cap_reached: z.boolean(),
  usage: Usage,
});
export type Billing = z.output<typeof Billing>;

export const Details = z.object({
  days: z.array(z.object({ day: z.string(), events: count, detections: count })),
  streams: z.array(
    z.object({ stream: z.string(), events: count, detections: count, anomaly_rate: z.nullable(z.number()) }),
  ),
});
export type Details = z.output<typeof Details>;

export const Estimate = z.object({
  plans: z.array(
    z.object({
      plan: z.string(),
      fits: z.boolean(),
      monthly_usd: z.nullable(z.number()),
      reason: z.nullable(z.string()),
    }),
  ),
});

export const Invoices = z.object({
  invoices: z.array(
    z.object({
      id: z.string(),
      number: z.nullable(z.string()),
      status: z.nullable(z.string()),
      amount_due: z.number(),
      currency: z.string(),
      created_at: z.string(),
      pdf_url: z.nullable(z.string()),
      hosted_url: z.nullable(z.string()),
    }),
  ),
  next_cursor: z.nullish(z.string()),
});
export type Invoice = z.output<typeof Invoices>['invoices'][number];

export const Preview = z.object({
  amount_due: z.number(),
  currency: z.string(),
  lines: z.array(z.object({ description: z.nullable(z.string()), amount: z.number() })),
  proration_date: z.nullish(z.number()),
});
export type Preview = z.output<typeof Preview>;

export const Place = z.object({ url: z.string() });

export const billingQuery = (api: ApiClient, org: string) =>
  queryOptions({
    queryKey: ['billing', org] as const,
    queryFn: ({ signal }) => api.request('/v1/me/billing', Billing, { signal }),
    staleTime: 60_000,
  });

export const detailsQuery = (api: ApiClient, org: string) =>
  queryOptions({
    queryKey: ['usage', org, 'details'] as const,
    queryFn: ({ signal }) => api.request('/v1/me/usage/details', Details, { signal }),
    staleTime: 60_000,
  });

export const invoicesQuery = (api: ApiClient, org: string) =>
  queryOptions({
    queryKey: ['billing', org, 'invoices'] as const,
    queryFn: ({ signal }) => api.request('/v1/billing/invoices', Invoices, { signal }),
    staleTime: 60_000,
  });

/** Whether there is a subscription that can be changed; otherwise a plan begins with a checkout. */
export const isSubscribed = ({ status }: Billing): boolean =>
  ['trialing', 'active', 'grace', 'paused'].includes(status);

/** Roles that see invoices and change the plan. */
export const mayPay = (role: string): boolean => role === 'owner' || role === 'admin';
