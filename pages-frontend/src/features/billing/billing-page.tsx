import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ExternalLink } from 'lucide-react';
import { useEffect, useEffectEvent } from 'react';
import { ErrorMessage } from '@/components/states';
import { Button } from '@/components/ui/button';
import { Skeleton } from '@/components/ui/skeleton';
import { useToast } from '@/components/ui/toast-context';
import {
  billingQuery,
  invoicesQuery,
  isSubscribed,
  mayPay,
  Place,
  type Billing,
  type Invoice,
} from '@/lib/api/billing';
import { useApi } from '@/lib/api/client';
import { formatCount } from '@/lib/format';
import { useTimes } from '@/lib/times';
import { formatAmount, formatDollars } from '@/lib/money';
import { useOrganization } from '@/lib/organization';
import { Calculator } from './calculator';
import { planName } from './plan-name';
import { Plans } from './plans';

const STATUS: Record<string, string> = {
  none: 'No subscription',
  trialing: 'Trial',
  active: 'Paid',
  past_due: 'First payment open',
  grace: 'Payment failed',
  paused: 'Paused',
  canceled: 'Ended',
};

// News of a payment reaches the plan by way of Stripe's webhook, seconds after the customer is back.
const CONFIRM_EVERY_MS = 1_500;
const CONFIRM_TRIES = 80;

interface BillingPageProps {
  /** Whether the person has just come back from a checkout. */
  paid: boolean;
  /** Called once the plan has followed. */
  onConfirmed: () => void;
}

export function BillingPage({ paid, onConfirmed }: BillingPageProps) {
  const api = useApi();
  const organization = useOrganization();
  const pays = mayPay(organization.role);
  const toast = useToast();
  const billing = useQuery({
    ...billingQuery(api, organization.id),
    refetchInterval: ({ state }) =>
      paid && state.data && !isSubscribed(state.data) && state.dataUpdateCount < CONFIRM_TRIES
        ? CONFIRM_EVERY_MS
        : false,
  });
  const confirmed = paid && billing.data && isSubscribed(billing.data) ? billing.data.plan : null;
  const onConfirm = useEffectEvent((plan: string) => {
    toast.show({ message: `You are on ${planName(plan)} now.` });
    onConfirmed();
  });
  useEffect(() => {
    if (confirmed) onConfirm(confirmed);
  }, [confirmed]);
  return (
    <main id="main" className="mx-auto w-full max-w-6xl px-3 pt-5 pb-24 sm:px-6">
      <div className="mb-4 flex flex-wrap items-baseline justify-between gap-3">
        <h1 className="text-xl">Plan and invoices</h1>
        <Link
          to="/app/usage"
          className="text-sm underline decoration-line-strong underline-offset-4 hover:decoration-ink"
        >
          Usage
        </Link>
      </div>
      <p role="status" className={paid ? 'mb-4 text-sm' : 'sr-only'}>
        {paid && 'Thank you. The plan changes as soon as the payment is confirmed, usually within seconds.'}
      </p>
      {billing.isPending ? (
        <Skeleton className="h-40 w-full" />
      ) : billing.data ? (
        <>
          <Present billing={billing.data} pays={pays} />
          <Plans billing={billing.data} pays={pays} />
        </>
      ) : (
        <ErrorMessage error={billing.error} onRetry={() => void billing.refetch()} />
      )}
      <Calculator />
      {pays && <InvoiceList />}
    </main>
  );
}

function Present({ billing, pays }: { billing: Billing; pays: boolean }) {
  const times = useTimes();
  const api = useApi();
  const organization = useOrganization();
  const toast = useToast();
  const client = useQueryClient();
  const portal = useMutation({
    mutationFn: () =>
      api.request('/v1/billing/portal', Place, {
        method: 'POST',
        body: { return_url: window.location.href },
      }),
    onSuccess: ({ url }) => window.location.assign(url),
    onError: (error) =>
      toast.show({ tone: 'error', message: `The payment page could not be opened. ${error.message}` }),
  });
  const options = billingQuery(api, organization.id);
  const cap = useMutation({
    mutationFn: (hard_cap: boolean) =>
      api.send('/v1/billing/settings', { method: 'PATCH', body: { hard_cap } }),
    onMutate: (hard_cap) => {
      const before = client.getQueryData(options.queryKey);
      client.setQueryData(options.queryKey, (old) => old && { ...old, hard_cap });
      return { before };
    },
    onError: (error, _next, context) => {
      client.setQueryData(options.queryKey, context?.before);
      toast.show({ tone: 'error', message: `The cap was not changed. ${error.message}` });
    },
    onSettled: () => client.invalidateQueries({ queryKey: options.queryKey }),
  });
  const paying = isSubscribed(billing) || billing.status === 'past_due';
  return (
    <section aria-label="Present plan" className="rounded-lg border border-line bg-panel p-4 sm:p-5">
      <div className="flex flex-wrap items-start justify-between gap-4">
        <div>
          <p className="text-2xl font-semibold">{planName(billing.plan)}</p>
          <p className="mt-1 text-sm text-ink-2">
            {STATUS[billing.status] ?? billing.status}
            {billing.current_period_end && (
              <>
                {billing.status === 'trialing'
                  ? ' until '
                  : billing.cancel_at_period_end
                    ? ', ends '
                    : ', next period from '}
                <time dateTime={billing.current_period_end} title={times.exact(billing.current_period_end)}>
                  {times.dayOfYear(billing.current_period_end)}
                </time>
              </>
            )}
            . This period so far {formatCount(billing.usage.detections)} detections
            {billing.status !== 'trialing' &&
              `; at this pace it costs ${formatDollars(billing.usage.forecast.cost_usd)}`}
            .
          </p>
        </div>
        {pays && paying && (
          <Button onClick={() => portal.mutate()} disabled={portal.isPending}>
            <ExternalLink aria-hidden /> Cards, address, invoices
          </Button>
        )}
      </div>
      {organization.role === 'owner' && billing.plan !== 'developer' && (
        <div className="mt-4 flex items-start gap-3 text-sm">
          <input
            id="hard-cap"
            type="checkbox"
            className="mt-0.5 size-4 accent-[var(--c-accent)]"
            checked={billing.hard_cap}
            aria-describedby="hard-cap-words"
            onChange={(event) => cap.mutate(event.target.checked)}
          />
          <div>
            <label htmlFor="hard-cap" className="font-medium">
              Hard cap
            </label>
            <p id="hard-cap-words" className="text-ink-2">
              Stop recording at the allowance instead of paying for more. Events go on being scored and
              counted.
            </p>
          </div>
        </div>
      )}
      {!pays && (
        <p className="mt-4 text-sm text-ink-2">Owners and admins change the plan and see the invoices.</p>
      )}
    </section>
  );
}

function InvoiceList() {
  const api = useApi();
  const query = useQuery(invoicesQuery(api, useOrganization().id));
  return (
    <section aria-label="Invoices" className="mt-10">
      <h2 className="mb-2 text-lg">Invoices</h2>
      {query.isPending ? (
        <Skeleton className="h-20 w-full" />
      ) : !query.data ? (
        <ErrorMessage error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data.invoices.length === 0 ? (
        <p className="text-sm text-ink-2">None yet. The first comes with the first payment.</p>
      ) : (
        <ul className="overflow-hidden rounded-lg border border-line bg-panel">
          {query.data.invoices.map((invoice) => (
            <InvoiceRow key={invoice.id} invoice={invoice} />
          ))}
        </ul>
      )}
    </section>
  );
}

function InvoiceRow({ invoice }: { invoice: Invoice }) {
  const times = useTimes();
  const link = invoice.hosted_url ?? invoice.pdf_url;
  return (
    <li className="flex flex-wrap items-baseline gap-x-6 gap-y-1 border-t border-line px-4 py-2.5 text-sm first:border-t-0">
      <span className="tabular-nums">{times.dayOfYear(invoice.created_at)}</span>
      <span className="font-mono text-ink-2">{invoice.number ?? 'draft'}</span>
      <span className="text-ink-2">{invoice.status}</span>
      <span className="ml-auto font-medium tabular-nums">
        {formatAmount(invoice.amount_due, invoice.currency)}
      </span>
      {link && (
        <a
          href={link}
          rel="noreferrer"
          target="_blank"
          className="underline decoration-line-strong underline-offset-4 hover:decoration-ink"
        >
          Open<span className="sr-only"> invoice {invoice.number}</span>
        </a>
      )}
    </li>
  );
}
