// What is needed to check the verdict elsewhere, and to hand it on.
import { Check, Copy, Link as LinkIcon, Terminal } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Explain } from '@/components/explain';
import { Button } from '@/components/ui/button';
import type { AnomalyDetail } from '@/lib/api/anomaly';
import { useApi } from '@/lib/api/client';
import { formatBytes } from '@/lib/format';
import { useOrganization } from '@/lib/organization';
import { useTimes } from '@/lib/times';

export function Evidence({ anomaly }: { anomaly: AnomalyDetail }) {
  const { baseUrl } = useApi();
  const times = useTimes();
  const curl = curlFor(baseUrl || window.location.origin, anomaly.id);
  // Whoever opens it may be looking at another of their organisations.
  const permalink = `${window.location.origin}/app/anomalies/${anomaly.id}?org=${useOrganization().id}`;
  return (
    <div className="space-y-3 text-sm">
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1.5">
        <Line name="Found">
          <time dateTime={anomaly.detected_at} title={times.exact(anomaly.detected_at)}>
            {times.dayAndClock(anomaly.detected_at)}
          </time>
          <span className="block text-xs text-ink-3">{anomaly.detected_at}</span>
        </Line>
        <Line name="Type">{anomaly.event_type}</Line>
        {anomaly.algorithm && <Line name="Detector">{anomaly.algorithm}</Line>}
        {anomaly.seed !== undefined && <Line name="Seed">{String(anomaly.seed)}</Line>}
        {anomaly.checkpoint && (
          <Line name="Model">
            <span className="font-mono">{anomaly.checkpoint.slice(0, 16)}</span>
          </Line>
        )}
        {anomaly.witness && (
          <Line
            name={
              <Explain term="Witness">
                <p>
                  The model’s counts that this verdict was computed from. With the event they are enough to
                  compute the same score again, bit for bit, on another machine.
                </p>
              </Explain>
            }
          >
            {formatBytes(Math.floor((anomaly.witness.length * 3) / 4))}
          </Line>
        )}
        <Line name="Id">
          <span className="font-mono">{anomaly.id}</span>
        </Line>
      </dl>
      <div className="flex flex-wrap gap-2">
        <CopyButton text={permalink} icon={<LinkIcon aria-hidden />} label="Copy link" />
        <CopyButton text={curl} icon={<Terminal aria-hidden />} label="Copy as curl" />
        {anomaly.event !== undefined && (
          <CopyButton text={anomaly.event} icon={<Copy aria-hidden />} label="Copy event" />
        )}
      </div>
    </div>
  );
}

/** A command that reads this anomaly through the API; the key stays in the reader's own environment. */
export function curlFor(origin: string, id: string): string {
  return `curl -sS -H "Authorization: Bearer $DRIFTLOCK_API_KEY" '${origin}/v1/anomalies/${id}'`;
}

function Line({ name, children }: { name: ReactNode; children: ReactNode }) {
  return (
    <>
      <dt className="text-ink-3">{name}</dt>
      <dd className="wrap-anywhere text-ink-2">{children}</dd>
    </>
  );
}

const DONE_MS = 2_000;

function CopyButton({ text, icon, label }: { text: string; icon: ReactNode; label: string }) {
  const [state, setState] = useState<'idle' | 'done' | 'failed'>('idle');
  const copy = async () => {
    const ok = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    setState(ok ? 'done' : 'failed');
    setTimeout(() => setState('idle'), DONE_MS);
  };
  return (
    <Button size="sm" onClick={() => void copy()}>
      {state === 'done' ? <Check aria-hidden /> : icon}
      <span aria-live="polite">
        {state === 'done' ? 'Copied' : state === 'failed' ? 'Not allowed here' : label}
      </span>
    </Button>
  );
}
