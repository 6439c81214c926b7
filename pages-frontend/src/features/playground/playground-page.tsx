import { lazy, Suspense, useState } from 'react';
import { Segmented } from '@/components/ui/segmented';
import { Skeleton } from '@/components/ui/skeleton';
import { InBrowser } from './in-browser';

const UseApi = lazy(async () => ({ default: (await import('./use-api')).UseApi }));

export function PlaygroundPage() {
  const [tab, setTab] = useState<'browser' | 'api'>('browser');
  return (
    <main id="main" className="mx-auto w-full max-w-6xl px-4 pt-6 pb-24 sm:px-6">
      <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <div>
          <h1 className="text-2xl">Playground</h1>
          <p className="mt-1 max-w-2xl text-ink-2">
            {tab === 'browser'
              ? 'Give it a log, a table or JSON. The detector runs in this browser: nothing leaves your machine.'
              : 'The same detector over HTTP: up to 50 events, no key, nothing stored.'}
          </p>
        </div>
        <Segmented
          label="Where to detect"
          value={tab}
          onChange={setTab}
          options={[
            { value: 'browser', label: 'In the browser' },
            { value: 'api', label: 'Use the API' },
          ]}
        />
      </div>
      <div className="mt-5">
        {tab === 'browser' ? (
          <InBrowser />
        ) : (
          <Suspense fallback={<Skeleton className="h-64 w-full" />}>
            <UseApi />
          </Suspense>
        )}
      </div>
    </main>
  );
}
