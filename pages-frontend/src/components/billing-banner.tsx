// What an organisation must know of its plan on every page: a trial that ends, a payment that failed, an allowance that is spent.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Info, TriangleAlert } from 'lucide-react';
import { SOFT_CAP, billingQuery, type Billing, type Usage } from '@/lib/api/billing';
import { useApi } from '@/lib/api/client';
import { cn } from '@/lib/cn';
import { formatCount } from '@/lib/format';
import { useOrganization } from '@/lib/organization';

export interface Notice {
  tone: 'calm' | 'notable' | 'urgent';
  text: string;
  action: string;
}

const days = (n: number) => (n === 1 ? '1 day' : `${n} days`);

/** The most pressing thing, with the usage beside a trial, or nothing. Days are the server's: a browser's clock may be wrong. */
export function noticeOf(billing: Billing): Notice | null {
  const { status, usage } = billing;
  if (status === 'grace' && typeof billing.grace_days_remaining === 'number') {
    return {
      tone: 'urgent',
      text: `The last payment failed. In ${days(billing.grace_days_remaining)} this becomes Developer.`,
      action: 'Pay now',
    };
  }
  if (status === 'past_due') {
    return { tone: 'urgent', text: 'The first payment is still open.', action: 'Pay now' };
  }
  if (billing.cap_reached) {
    return {
      tone: 'urgent',
      text: `The allowance is spent: anomalies are found and told, but not recorded${usage.unrecorded_detections ? ` (${formatCount(usage.unrecorded_detections)} so far)` : ''}.`,
      action: 'See the plans',
    };
  }
  const spent = usageNotice(usage);
  if (status === 'trialing' && billing.trial_days_remaining !== null) {
    const trial = trialNotice(billing.trial_days_remaining);
    if (!spent) return trial;
    return {
      ...trial,
      tone: trial.tone === 'calm' ? spent.tone : trial.tone,
      text: `${trial.text} ${spent.text}`,
    };
  }
  return spent;
}

function trialNotice(left: number): Notice {
  if (left <= 1)
    return {
      tone: 'urgent',
      text: left < 1 ? 'The trial ends today.' : 'The trial ends tomorrow.',
      action: 'Keep Standard',
    };
  if (left <= 3)
    return { tone: 'notable', text: `The trial ends in ${days(left)}.`, action: 'Keep Standard' };
  return { tone: 'calm', text: `Trial of Standard: ${days(left)} left.`, action: 'See the plans' };
}

/** The thresholds that also go out by mail, as the usage stands now: a greater plan may have put it back below one. */
function usageNotice(usage: Usage): Notice | null {
  const percent = Math.floor(usage.percent);
  const action = 'See the usage';
  // it may be the events that are beyond the allowance
  const beyond =
    usage.overage_detections > 0
      ? `; ${formatCount(usage.overage_detections)} detections beyond it so far`
      : '';
  if (percent >= SOFT_CAP)
    return {
      tone: 'notable',
      text: `${percent} % of the allowance is used, more than the soft cap of ${SOFT_CAP} %${beyond}.`,
      action,
    };
  if (percent >= 100) return { tone: 'notable', text: `The allowance is used up${beyond}.`, action };
  if (percent >= 70)
    return {
      tone: percent >= 90 ? 'notable' : 'calm',
      text: `${percent} % of the allowance is used.`,
      action,
    };
  return null;
}

const TONES = {
  calm: 'border-b border-line text-ink-2',
  notable: 'bg-accent-soft',
  urgent: 'bg-bad-soft text-bad',
} as const;

export function BillingBanner() {
  const api = useApi();
  // It is a notice: where it cannot be had, pages do without.
  const { data } = useQuery({ ...billingQuery(api, useOrganization().id), retry: false });
  const notice = data && noticeOf(data);
  if (!notice) return null;
  const Icon = notice.tone === 'urgent' ? TriangleAlert : Info;
  return (
    <aside
      aria-label="Plan"
      className={cn(
        'flex flex-wrap items-center justify-center gap-x-3 gap-y-1 px-3 py-1.5 text-center text-sm',
        TONES[notice.tone],
      )}
    >
      <span className="inline-flex items-center gap-2">
        <Icon aria-hidden className="size-4 shrink-0" /> {notice.text}
      </span>
      <Link
        to={notice.action === 'See the usage' ? '/app/usage' : '/app/billing'}
        className="font-medium underline underline-offset-4"
      >
        {notice.action}
      </Link>
    </aside>
  );
}
