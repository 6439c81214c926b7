// The plans side by side; choosing one leads to Stripe's page, or shows what a change costs before it is made.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { useToast } from '@/components/ui/toast-context';
import { PLANS, type Plan } from '@/config/plans';
import { isSubscribed, Place, Preview, type Billing } from '@/lib/api/billing';
import { useApi } from '@/lib/api/client';
import { cn } from '@/lib/cn';
import { formatCompact, formatCount } from '@/lib/format';
import { formatAmount, formatDollars } from '@/lib/money';
import { useOrganization } from '@/lib/organization';

/** The plan that begins with a trial, once for an organisation. */
const TRIAL_PLAN = 'standard';

export function Plans({ billing, pays }: { billing: Billing; pays: boolean }) {
  const api = useApi();
  const org = useOrganization().id;
  const client = useQueryClient();
  const toast = useToast();
  const [wanted, setWanted] = useState<{ plan: Plan; preview: Preview } | null>(null);
  const failed = (error: Error) =>
    toast.show({ tone: 'error', message: `That did not work. ${error.message}` });
  const subscribed = isSubscribed(billing);
  const here = window.location.origin + window.location.pathname;

  const checkout = useMutation({
    mutationFn: (plan: Plan) =>
      api.request('/v1/billing/checkout', Place, {
        method: 'POST',
        body: { plan: plan.id, success_url: `${here}?checkout=success`, cancel_url: here },
      }),
    onSuccess: ({ url }) => window.location.assign(url),
    onError: failed,
  });
  const preview = useMutation({
    mutationFn: (plan: Plan) =>
      api.request('/v1/billing/change/preview', Preview, { method: 'POST', body: { plan: plan.id } }),
    onSuccess: (answer, plan) => setWanted({ plan, preview: answer }),
    onError: failed,
  });
  const change = useMutation({
    mutationFn: ({ plan, preview: { proration_date } }: { plan: Plan; preview: Preview }) =>
      api.send('/v1/billing/change', {
        method: 'POST',
        body: { plan: plan.id, ...(proration_date ? { proration_date } : {}) },
      }),
    onSuccess: async (_answer, { plan }) => {
      setWanted(null);
      toast.show({
        message:
          plan.id === 'developer' ? 'The subscription ends with its period.' : `You are on ${plan.name} now.`,
      });
      await client.invalidateQueries({ queryKey: ['billing', org] });
    },
    onError: failed,
  });
  const busy = checkout.isPending || preview.isPending || change.isPending;
  const choose = (plan: Plan) => (subscribed ? preview.mutate(plan) : checkout.mutate(plan));

  return (
    <section aria-label="Plans" className="mt-8">
      <h2 className="mb-2 text-lg">Plans</h2>
      <ul className="grid gap-px overflow-hidden rounded-lg border border-line bg-line sm:grid-cols-2 lg:grid-cols-4">
        {PLANS.map((plan) => {
          const present = plan.id === billing.plan;
          const open =
            pays && !present && plan.usd_per_month !== null && (subscribed || plan.usd_per_month > 0);
          return (
            <li key={plan.id} className={cn('flex flex-col p-4', present ? 'bg-accent-soft' : 'bg-panel')}>
              <h3 className="text-base">
                {plan.name} {present && <span className="text-sm font-normal text-ink-2">(now)</span>}
              </h3>
              <p className="mt-1 text-xl font-semibold tabular-nums">
                {plan.usd_per_month === null
                  ? 'By agreement'
                  : `${formatDollars(plan.usd_per_month)} a month`}
              </p>
              <ul className="mt-2 mb-4 space-y-0.5 text-sm text-ink-2">
                <li>
                  {plan.detections === null
                    ? 'detections by agreement'
                    : `${formatCount(plan.detections)} detections`}
                </li>
                <li>
                  {plan.usd_per_further_detection === null
                    ? plan.usd_per_month === null
                      ? ' '
                      : 'then recording stops'
                    : `then $${plan.usd_per_further_detection} each`}
                </li>
                {plan.events !== null && <li>{formatCompact(plan.events)} events</li>}
                <li>kept {plan.retention_days} days</li>
              </ul>
              {open && (
                <Button
                  size="sm"
                  className="mt-auto self-start"
                  variant={plan.usd_per_month ? 'primary' : 'outline'}
                  disabled={busy}
                  onClick={() => choose(plan)}
                >
                  {plan.id === 'developer'
                    ? 'Back to Developer'
                    : !subscribed && billing.trial_available && plan.id === TRIAL_PLAN
                      ? `Try ${plan.name}`
                      : `Choose ${plan.name}`}
                </Button>
              )}
            </li>
          );
        })}
      </ul>
      <Dialog
        open={wanted !== null}
        onClose={() => setWanted(null)}
        title={wanted ? `Change to ${wanted.plan.name}` : 'Change'}
      >
        {wanted && (
          <div className="space-y-4 text-sm">
            <ul className="space-y-1">
              {wanted.preview.lines.map((line, index) => (
                <li key={index} className="flex justify-between gap-4">
                  <span className="text-ink-2">{line.description}</span>
                  <span className="tabular-nums">{formatAmount(line.amount, wanted.preview.currency)}</span>
                </li>
              ))}
              <li className="flex justify-between gap-4 border-t border-line pt-2 font-semibold">
                <span>Due now</span>
                <span className="tabular-nums">
                  {formatAmount(wanted.preview.amount_due, wanted.preview.currency)}
                </span>
              </li>
            </ul>
            <div className="flex gap-2">
              <Button variant="primary" disabled={busy} onClick={() => change.mutate(wanted)}>
                Change to {wanted.plan.name}
              </Button>
              <Button onClick={() => setWanted(null)}>
                Keep {PLANS.find((plan) => plan.id === billing.plan)?.name}
              </Button>
            </div>
          </div>
        )}
      </Dialog>
    </section>
  );
}
