// The plan table. Prices, allowances and limits stand in plans.json, which is generated from worker-api/src/billing/plans.rs.
import table from './plans.json';

export interface Plan {
  id: 'developer' | 'standard' | 'growth' | 'enterprise';
  name: string;
  /** US dollars a month; null: by agreement. */
  usd_per_month: number | null;
  /** Detections included a month; null: by agreement. */
  detections: number | null;
  /** Price of each further one; null: recording stops at the allowance (or by agreement). */
  usd_per_further_detection: number | null;
  /** Events a month, the fair-use limit; null: by agreement. */
  events: number | null;
  streams: number | null;
  members: number | null;
  retention_days: number;
  evidence_days: number;
  requests_per_minute: number;
}

export const PLANS: readonly Plan[] = table.map(
  ({ id, price_usd, included_detections, overage_usd, included_events, ...rest }) => ({
    ...rest,
    id: id as Plan['id'],
    usd_per_month: price_usd,
    detections: included_detections,
    usd_per_further_detection: overage_usd,
    events: included_events,
  }),
);

/** What a month with so many detections costs, or null where the plan cannot hold them or has no list price. */
export function monthlyCost(plan: Plan, detections: number): number | null {
  if (plan.usd_per_month === null || plan.detections === null) return null;
  const further = Math.max(0, detections - plan.detections);
  if (further === 0) return plan.usd_per_month;
  if (plan.usd_per_further_detection === null) return null;
  return plan.usd_per_month + further * plan.usd_per_further_detection;
}

/** The cheapest plan for so many detections. */
export function cheapestPlan(detections: number): Plan | undefined {
  return PLANS.filter((plan) => monthlyCost(plan, detections) !== null).toSorted(
    (a, b) => (monthlyCost(a, detections) ?? 0) - (monthlyCost(b, detections) ?? 0),
  )[0];
}
