import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Button } from '@/components/ui/button';
import { ExampleLog } from './example-log';
import { TryLine } from './try-line';

export function LandingPage() {
  return (
    <main id="main">
      <section className="mx-auto w-full max-w-6xl px-4 pt-10 sm:px-6 sm:pt-16">
        <h1 className="max-w-3xl text-[1.75rem] leading-[1.15] tracking-tight sm:text-[2.75rem]">
          Two of these lines say WARN. The odd one says INFO.
        </h1>
        <p className="mt-4 max-w-2xl text-lg text-ink-2">
          Driftlock learns how your logs, metrics, traces and LLM traffic usually read, and points at the word
          that does not belong: no rules to write, no model to train.
        </p>
        <div className="mt-7 mb-6">
          <ExampleLog />
          <TryLine />
        </div>
        <div className="flex flex-wrap gap-3">
          <Button asChild variant="primary">
            <Link to="/app/anomalies">Open the dashboard</Link>
          </Button>
          <Button asChild>
            <Link to="/playground">Try your own log</Link>
          </Button>
          <Button asChild variant="ghost">
            <Link to="/pricing">See the prices</Link>
          </Button>
        </div>
      </section>

      <section className="mx-auto mt-20 grid w-full max-w-6xl gap-x-12 gap-y-10 px-4 sm:px-6 lg:grid-cols-[20rem_minmax(0,1fr)]">
        <h2 className="text-xl">What does not compress is new</h2>
        <div className="grid gap-8 sm:grid-cols-2">
          <Point title="It learns by compressing">
            A compressor that has read a stream’s past needs few bits for more of the same. What it did not
            expect costs many. Those bits are the score, and they are counted word by word.
          </Point>
          <Point title="It counts the odds">
            A score becomes an anomaly by its odds in its own stream. A noisy stream and a quiet one are
            judged by the same measure.
          </Point>
          <Point title="It shows its work">
            Every anomaly begins with one sentence and carries its evidence: each word’s price, what was
            expected instead and how often, the nearest normal event.
          </Point>
          <Point title="It can be checked">
            The counts a verdict was computed from are kept with it. Anyone can compute the same score again,
            bit for bit, on another machine.
          </Point>
        </div>
      </section>

      <section className="mx-auto mt-20 w-full max-w-6xl px-4 pb-24 sm:px-6">
        <h2 className="text-xl">One request to begin</h2>
        <p className="mt-2 max-w-2xl text-ink-2">
          A stream exists from the first event that names it. It learns for a while, then reports.
        </p>
        <pre className="mt-4 rounded-lg border border-line bg-panel p-4 font-mono text-sm leading-6 wrap-anywhere whitespace-pre-wrap">
          curl <span data-origin>{origin()}</span>
          {CURL}
        </pre>
      </section>
    </main>
  );
}

const CURL = [
  `/v1/events \\`,
  `  -H "Authorization: Bearer $DRIFTLOCK_API_KEY" \\`,
  `  -H "Content-Type: application/json" \\`,
  `  -d '{"stream":"checkout-api","event_type":"log","data":"payment captured order=81274 gateway=stripe"}'`,
].join('\n');

/** Where this page came from. The build, which writes the page down too, does not know it: app/boot.ts fills it in. */
function origin(): string {
  return typeof window === 'undefined' ? 'https://YOUR-HOST' : window.location.origin;
}

function Point({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <h3 className="text-base">{title}</h3>
      <p className="mt-1 text-ink-2">{children}</p>
    </div>
  );
}
