// What the detector made of a file: figures, score chart, and the odd events as a table or as a heat map.
import { useMemo, useState } from 'react';
import { ScoreChart } from '@/components/charts/score-chart';
import { Button } from '@/components/ui/button';
import { Segmented } from '@/components/ui/segmented';
import { EventText } from '@/components/verdict/event-text';
import { HeatLine } from '@/components/verdict/heat-line';
import { Severity } from '@/components/verdict/severity';
import { cn } from '@/lib/cn';
import type { FoundAnomaly, ScanResult } from '@/lib/detector/protocol';
import { formatBits, formatBytes, formatCount, formatOdds } from '@/lib/format';

const FIRST = 25;
const FORMATS: Record<ScanResult['format'], string> = {
  lines: 'lines of text',
  ndjson: 'JSON lines',
  json: 'JSON',
  csv: 'CSV',
};

export function Result({ result, name }: { result: ScanResult; name: string }) {
  const [view, setView] = useState<'table' | 'heat'>('table');
  const [order, setOrder] = useState<'score' | 'line'>('score');
  const [open, setOpen] = useState<number | null>(result.anomalies[0]?.index ?? null);
  const [limit, setLimit] = useState(FIRST);
  const sorted = useMemo(
    () => (order === 'score' ? result.anomalies : result.anomalies.toSorted((a, b) => a.line - b.line)),
    [result, order],
  );
  const shown = sorted.slice(0, limit);
  const openAt = (index: number) => {
    const at = sorted.findIndex((each) => each.index === index);
    if (at < 0) return;
    setView('table');
    setLimit(Math.max(limit, at + 1));
    setOpen(index);
    requestAnimationFrame(() =>
      document.getElementById(`event-${index}`)?.scrollIntoView({ block: 'nearest' }),
    );
  };

  return (
    <section aria-label="Result">
      <Summary result={result} name={name} />
      {result.events > 0 && (
        <div className="mt-4 rounded-lg border border-line bg-panel p-3 sm:p-4">
          <ScoreChart
            scores={result.scores}
            threshold={result.threshold}
            readyAt={result.readyAt}
            label="Surprise of every event in order"
            onPick={openAt}
          />
        </div>
      )}
      {result.anomalies.length > 0 && (
        <>
          <div className="mt-6 mb-2 flex flex-wrap items-center justify-between gap-3">
            <h2 className="text-lg">{result.anomalyCount === 1 ? 'The odd one' : 'The odd ones'}</h2>
            <div className="flex flex-wrap gap-2">
              <Segmented
                label="Order"
                value={order}
                onChange={setOrder}
                options={[
                  { value: 'score', label: 'Oddest first' },
                  { value: 'line', label: 'In order' },
                ]}
              />
              <Segmented
                label="How to show them"
                value={view}
                onChange={setView}
                options={[
                  { value: 'table', label: 'Table' },
                  { value: 'heat', label: 'Heat map' },
                ]}
              />
            </div>
          </div>
          <div className="overflow-hidden rounded-lg border border-line bg-panel">
            {view === 'table' ? (
              <Table anomalies={shown} open={open} onOpen={setOpen} />
            ) : (
              <HeatMap anomalies={shown} />
            )}
          </div>
          {sorted.length > limit && (
            <Button className="mt-3" onClick={() => setLimit(limit + 4 * FIRST)}>
              {formatCount(sorted.length - limit)} more
            </Button>
          )}
          {result.anomalyCount > result.anomalies.length && (
            <p className="mt-2 text-sm text-ink-3">
              The {formatCount(result.anomalies.length)} oddest of {formatCount(result.anomalyCount)} are
              kept.
            </p>
          )}
        </>
      )}
    </section>
  );
}

function Summary({ result, name }: { result: ScanResult; name: string }) {
  const perSecond = (1000 * result.events) / Math.max(1, result.milliseconds);
  const repeats = result.anomalies.reduce((sum, each) => sum + each.repeats - 1, 0);
  const words =
    result.events === 0
      ? 'No events found'
      : result.anomalyCount > 0
        ? `${formatCount(result.anomalyCount)} odd of ${formatCount(result.events)} events`
        : result.readyAt >= result.events
          ? `${formatCount(result.events)} events, all spent on learning`
          : `Nothing odd in ${formatCount(result.events)} events`;
  return (
    <>
      <div role="status">
        <h2
          className="text-xl"
          data-testid="scan-summary"
          data-milliseconds={Math.round(result.milliseconds)}
        >
          {words}
        </h2>
      </div>
      <p className="mt-1 text-sm text-ink-2">
        <span className="font-mono wrap-anywhere">{name}</span>, {formatBytes(result.bytes)} read as{' '}
        {FORMATS[result.format]} in {(result.milliseconds / 1000).toFixed(1)} s:{' '}
        {formatCount(Math.round(perSecond))} events a second
        {repeats > 0 && `, ${formatCount(repeats)} repeats of the same causes`}.
        {result.readyAt >= result.events &&
          result.events > 0 &&
          ' It judges from the 129th event on; give it more.'}
      </p>
      {result.bad > 0 && (
        <p className="mt-1 text-sm text-ink-2">
          {formatCount(result.bad)} could not be read:{' '}
          {result.badLines.map((each) => `line ${formatCount(each.line)} (${each.problem})`).join(', ')}
          {result.bad > result.badLines.length && ' …'}
        </p>
      )}
    </>
  );
}

interface TableProps {
  anomalies: readonly FoundAnomaly[];
  open: number | null;
  onOpen: (index: number | null) => void;
}

function Table({ anomalies, open, onOpen }: TableProps) {
  return (
    <ul>
      {anomalies.map((each) => {
        const { verdict, line, index } = each;
        const isOpen = open === index;
        return (
          <li key={index} id={`event-${index}`} className="border-t border-line first:border-t-0">
            <button
              type="button"
              aria-expanded={isOpen}
              onClick={() => onOpen(isOpen ? null : index)}
              className="grid w-full grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-0.5 px-3 py-2.5 text-left hover:bg-sunken sm:grid-cols-[4.5rem_5.5rem_7rem_minmax(0,1fr)] sm:items-baseline sm:px-4"
            >
              <span className="text-sm text-ink-3 tabular-nums">line {formatCount(line)}</span>
              {verdict.severity && <Severity level={verdict.severity} className="text-sm" />}
              <span className="text-sm font-medium tabular-nums max-sm:col-span-2">
                {formatOdds(verdict.p_value)}
              </span>
              <span className="wrap-anywhere max-sm:col-span-2">
                {verdict.reason}
                {each.repeats > 1 && <span className="text-ink-3"> {formatCount(each.repeats)} times.</span>}
              </span>
            </button>
            {isOpen && (
              <div className="px-3 pt-3 pb-4 sm:px-4">
                <EventText text={each.event.text} format={each.event.format} tokens={pricesOf(verdict)} />
                <p className="mt-2 text-sm text-ink-2">
                  {formatBits(verdict.score)} bits of surprise
                  {verdict.nearest && (
                    <>
                      {'; the nearest normal event is '}
                      <span className="font-mono wrap-anywhere">{verdict.nearest.slice(0, 300)}</span>
                    </>
                  )}
                </p>
              </div>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** The detector leaves `expected` out where it has nothing to say. */
const pricesOf = (verdict: FoundAnomaly['verdict']) =>
  (verdict.tokens ?? []).map((token) => ({ ...token, expected: token.expected }));

function HeatMap({ anomalies }: { anomalies: readonly FoundAnomaly[] }) {
  return (
    <ol className="py-2 font-mono text-xs leading-6 sm:text-sm" data-testid="heat-map">
      {anomalies.map((each) => (
        <li key={each.index} className={cn('flex gap-3 px-3 sm:px-4')}>
          <span className="w-14 shrink-0 text-right text-ink-3 tabular-nums">{formatCount(each.line)}</span>
          <HeatLine text={each.event.text} tokens={each.verdict.tokens ?? []} />
        </li>
      ))}
    </ol>
  );
}
