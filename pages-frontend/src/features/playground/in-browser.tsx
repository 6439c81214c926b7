import { FileUp, Square } from 'lucide-react';
import { lazy, Suspense, useRef, useState } from 'react';
import { Button } from '@/components/ui/button';
import { Segmented } from '@/components/ui/segmented';
import { Skeleton } from '@/components/ui/skeleton';
import { cn } from '@/lib/cn';
import type { ScanProgress, ScanRequest } from '@/lib/detector/protocol';
import { formatCount } from '@/lib/format';
import { SAMPLES, type Sample } from './samples';
import { useScan } from './use-scan';

const Result = lazy(async () => ({ default: (await import('./result')).Result }));

const SENSITIVITY = { strict: 0.25, balanced: 0.5, sensitive: 0.75 } as const;
type Level = keyof typeof SENSITIVITY;
// Beyond this the tab's memory is at risk, not the detector.
const MOST_BYTES = 200_000_000;

export function InBrowser() {
  const { scan, start, stop } = useScan();
  const [pasted, setPasted] = useState('');
  const [level, setLevel] = useState<Level>('balanced');
  const [over, setOver] = useState(false);
  const [refused, setRefused] = useState('');
  const file = useRef<HTMLInputElement>(null);
  const last = useRef<Omit<ScanRequest, 'sensitivity'>>(undefined);

  const run = (request: Omit<ScanRequest, 'sensitivity'>, sensitivity = SENSITIVITY[level]) => {
    setRefused('');
    last.current = request;
    void start({ ...request, sensitivity });
  };
  const take = (given: File | null | undefined) => {
    if (!given) return;
    if (given.size > MOST_BYTES)
      setRefused(`${given.name} is larger than 200 MB; use the cbad command for it.`);
    else run({ source: given, name: given.name });
  };

  const open = async ({ text, name, format }: Sample) => run({ source: await text(), name, format });

  return (
    <div className="grid gap-6">
      <section
        aria-label="What to read"
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          take(event.dataTransfer.files[0]);
        }}
        className={cn(
          'rounded-lg border bg-panel p-3 sm:p-4',
          over ? 'border-accent bg-accent-soft' : 'border-line',
        )}
      >
        <label htmlFor="paste" className="sr-only">
          Log, CSV or JSON
        </label>
        <textarea
          id="paste"
          value={pasted}
          onChange={(event) => setPasted(event.target.value)}
          spellCheck={false}
          rows={scan.is === 'idle' ? 7 : 3}
          placeholder="Paste a log, CSV or JSON, or drop a file here"
          className="block w-full resize-y rounded-md border border-line-strong bg-page px-3 py-2 font-mono text-[16px] leading-6 placeholder:font-sans placeholder:text-ink-3 sm:text-sm"
        />
        <div className="mt-3 flex flex-wrap items-center gap-x-4 gap-y-3">
          <div className="flex flex-wrap gap-2">
            <Button variant="primary" disabled={pasted.trim() === ''} onClick={() => run({ source: pasted })}>
              Find what is odd
            </Button>
            <Button onClick={() => file.current?.click()}>
              <FileUp aria-hidden /> Open a file
            </Button>
            <input
              ref={file}
              type="file"
              className="sr-only"
              tabIndex={-1}
              aria-label="A log, CSV or JSON file"
              onChange={(event) => {
                take(event.target.files?.[0]);
                event.target.value = '';
              }}
            />
          </div>
          <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-ink-2">
            <span>or a sample:</span>
            {SAMPLES.map((sample) => (
              <button
                key={sample.id}
                type="button"
                className="underline decoration-line-strong underline-offset-4 hover:text-ink hover:decoration-ink"
                onClick={() => void open(sample)}
              >
                {sample.label}
              </button>
            ))}
          </p>
          <div className="sm:ml-auto">
            <Segmented
              label="How readily it raises an alarm"
              value={level}
              onChange={(next) => {
                setLevel(next);
                if (last.current && scan.is !== 'idle') run(last.current, SENSITIVITY[next]);
              }}
              options={[
                { value: 'strict', label: 'Strict' },
                { value: 'balanced', label: 'Balanced' },
                { value: 'sensitive', label: 'Sensitive' },
              ]}
            />
          </div>
        </div>
        {refused && (
          <p role="alert" className="mt-2 text-sm text-bad">
            {refused}
          </p>
        )}
      </section>

      {scan.is === 'running' && <Progress progress={scan.progress} onStop={stop} />}
      {scan.is === 'failed' && (
        <p role="alert" className="text-bad">
          That did not work: {scan.why}.
        </p>
      )}
      {scan.is === 'done' && (
        <Suspense fallback={<Skeleton className="h-96 w-full" />}>
          <Result key={scan.result.milliseconds} result={scan.result} name={scan.name} />
        </Suspense>
      )}
      {scan.is === 'idle' && (
        <p className="max-w-2xl text-sm text-ink-2">
          It learns from the first 128 events and judges from then on, in order, as it would in production. A
          line is an event; so is a row of a table, or a JSON record.
        </p>
      )}
    </div>
  );
}

function Progress({ progress, onStop }: { progress: ScanProgress; onStop: () => void }) {
  return (
    <section aria-label="Progress" className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <progress
        className="h-2 min-w-40 grow appearance-none overflow-hidden rounded-full bg-line [&::-moz-progress-bar]:bg-accent [&::-webkit-progress-bar]:bg-line [&::-webkit-progress-value]:bg-accent"
        max={1}
        value={progress.share}
        aria-label="Read so far"
      />
      <span className="text-sm text-ink-2 tabular-nums">
        {formatCount(progress.events)} events, {formatCount(progress.anomalies)} odd
      </span>
      <Button size="sm" onClick={onStop}>
        <Square aria-hidden /> Stop
      </Button>
    </section>
  );
}
