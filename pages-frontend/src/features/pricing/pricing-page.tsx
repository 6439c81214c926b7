import { useId, useState } from 'react';
import { Button } from '@/components/ui/button';
import { Link } from '@tanstack/react-router';
import { cheapestPlan, monthlyCost, PLANS, type Plan } from '@/config/plans';
import { cn } from '@/lib/cn';
import { formatCount } from '@/lib/format';

const dollars = new Intl.NumberFormat('en-US', {
  style: 'currency',
  currency: 'USD',
  maximumFractionDigits: 0,
});
const smallDollars = new Intl.NumberFormat('en-US', {
  style: 'currency',
  currency: 'USD',
  maximumFractionDigits: 4,
});

// The slider's steps: even on a logarithmic scale, 100 to two million detections.
const STEPS = 60;
const LEAST = 100;
const MOST = 2_000_000;

function detectionsAt(step: number): number {
  const exact = LEAST * (MOST / LEAST) ** (step / STEPS);
  const unit = 10 ** (Math.floor(Math.log10(exact)) - 1);
  return Math.round(exact / unit) * unit;
}

export function PricingPage() {
  const id = useId();
  const [step, setStep] = useState(36);
  const detections = detectionsAt(step);
  const best = cheapestPlan(detections);
  return (
    <main id="main" className="mx-auto w-full max-w-6xl px-4 pt-10 pb-24 sm:px-6">
      <h1 className="text-2xl">Pay for what is found</h1>
      <p className="mt-2 max-w-2xl text-ink-2">
        A detection is one anomaly recorded; repeats of one cause count once. Events are free within a
        fair-use limit.
      </p>

      <div className="mt-8 rounded-lg border border-line bg-panel px-4 py-4 sm:px-5">
        <label htmlFor={id} className="flex flex-wrap items-baseline justify-between gap-x-4">
          <span>Anomalies recorded in a month</span>
          <output htmlFor={id} className="text-lg font-semibold tabular-nums">
            {formatCount(detections)}
          </output>
        </label>
        <input
          id={id}
          type="range"
          min={0}
          max={STEPS}
          value={step}
          aria-valuetext={`${formatCount(detections)} anomalies`}
          onChange={(event) => setStep(Number(event.target.value))}
          className="mt-2 w-full accent-[var(--c-accent)]"
        />
      </div>

      <ul className="mt-6 grid gap-px overflow-hidden rounded-lg border border-line bg-line sm:grid-cols-2 lg:grid-cols-4">
        {PLANS.map((plan) => (
          <PlanCard key={plan.id} plan={plan} detections={detections} best={plan.id === best?.id} />
        ))}
      </ul>

      <dl className="mt-10 grid max-w-4xl gap-x-10 gap-y-6 sm:grid-cols-2">
        <Note title="Fourteen days of Standard">
          An organisation can try Standard once. The checkout asks for a card; nothing is charged for 14 days.
          Then the card pays for Standard, unless you have cancelled: that leads back to Developer.
        </Note>
        <Note title="When the allowance runs out">
          On Developer, recording stops: events are still scored and counted, and you are told. Paid plans go
          on at the price per detection.
        </Note>
        <Note title="Told in time">
          A notice at 70, 90 and 100 per cent of the allowance, another at 120, and a hard cap if you want
          one.
        </Note>
        <Note title="A payment that fails">
          Seven days of grace, then Developer. Nothing recorded is lost.
        </Note>
      </dl>
      <Button asChild variant="primary" className="mt-10">
        <Link to="/app/anomalies">Open the dashboard</Link>
      </Button>
    </main>
  );
}

function PlanCard({ plan, detections, best }: { plan: Plan; detections: number; best: boolean }) {
  const cost = monthlyCost(plan, detections);
  const agreed = plan.usd_per_month === null;
  return (
    <li className={cn('flex flex-col p-5', best ? 'bg-accent-soft' : 'bg-panel')}>
      <div className="flex items-baseline justify-between gap-2">
        <h2 className="text-lg">{plan.name}</h2>
        {best && <span className="text-xs font-medium text-accent">cheapest for this</span>}
      </div>
      <p className="mt-2">
        <span className="text-2xl font-semibold tabular-nums">
          {plan.usd_per_month === null ? 'By agreement' : dollars.format(plan.usd_per_month)}
        </span>
        {!agreed && <span className="text-ink-2"> a month</span>}
      </p>
      <ul className="mt-3 space-y-1 text-sm text-ink-2">
        <li>
          {plan.detections === null
            ? 'Any number of detections'
            : `${formatCount(plan.detections)} detections`}
        </li>
        <li>{plan.events === null ? 'Any number of events' : `${formatCount(plan.events)} events`}</li>
        {!agreed && (
          <li>
            {plan.usd_per_further_detection === null
              ? 'then recording stops'
              : `then ${smallDollars.format(plan.usd_per_further_detection)} each`}
          </li>
        )}
      </ul>
      {!agreed && (
        <p className="mt-4 border-t border-line pt-3 text-sm tabular-nums">
          {cost === null ? (
            <span className="text-ink-2">Stops before {formatCount(detections)}</span>
          ) : (
            <>
              <span className="font-semibold">{dollars.format(cost)}</span>
              <span className="text-ink-2"> for {formatCount(detections)}</span>
            </>
          )}
        </p>
      )}
    </li>
  );
}

function Note({ title, children }: { title: string; children: string }) {
  return (
    <div>
      <dt className="font-medium">{title}</dt>
      <dd className="mt-1 text-sm text-ink-2">{children}</dd>
    </div>
  );
}
