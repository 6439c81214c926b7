// The stream before the anomaly and the window around it, measured with real compressors.
import type { ReactNode } from 'react';
import { Explain } from '@/components/explain';
import type { Measures } from '@/lib/api/anomaly';
import { formatBytes, formatOdds } from '@/lib/format';

export function MeasuresTable({ measures }: { measures: Measures | undefined }) {
  if (!measures) {
    return (
      <p className="text-sm text-ink-2">
        Not measured yet. The comparison with the stream’s past is computed shortly after detection.
      </p>
    );
  }
  const m = measures;
  return (
    <div className="text-sm">
      <table className="w-full">
        <thead className="text-right text-xs text-ink-3">
          <tr>
            <th scope="col" className="pb-1 text-left font-normal">
              <span className="sr-only">measure</span>
            </th>
            <th scope="col" className="pb-1 pl-2 font-normal">
              before
            </th>
            <th scope="col" className="pb-1 pl-2 font-normal">
              now
            </th>
          </tr>
        </thead>
        <tbody>
          <Pair
            term="Compressed size"
            before={percent(m.compression_ratio_baseline)}
            now={percent(m.compression_ratio_window)}
          >
            <p>
              How small the text becomes, compressed{m.codec && ` with ${m.codec}`}. Text that repeats itself
              shrinks more; a rise means that the newest events repeat the past less.
            </p>
          </Pair>
          <Pair
            term="Entropy"
            before={fixed(m.entropy_baseline)}
            now={fixed(m.entropy_window)}
            unit="bits a byte"
          >
            <p>
              How mixed the single bytes are, from 0 (all the same) to 8 (random, such as encrypted data). It
              looks at letters only, not at their order.
            </p>
          </Pair>
          <Single term="Extra bits" value={signed(m.delta_bits)} unit="a byte">
            <p>
              How many more (or, below zero, fewer) bits the window needs compressed than the past does, per
              byte of the window.
            </p>
          </Single>
          <Single term="Distance" value={fixed(m.ncd)}>
            <p>
              Normalised compression distance: 0 when the window adds nothing to the past, 1 when knowing the
              past does not help at all to write the window.
            </p>
          </Single>
          <Single term="By chance" value={chance(m)}>
            <p>
              {m.permutations === 0
                ? 'The stream had so many anomalies at once that not every window was tested; this one was not.'
                : `Events of past and window were shuffled ${m.permutations ?? 'some'} times; this is how often a shuffle looked as different as the real window. It judges the whole window, not the single event.`}
            </p>
          </Single>
        </tbody>
      </table>
      {m.bytes_baseline !== undefined && m.bytes_window !== undefined && (
        <p className="mt-2 text-xs text-ink-3">
          {formatBytes(m.bytes_baseline)} of past events against {formatBytes(m.bytes_window)} around this one
          {m.codec && `, ${m.codec}`}.
        </p>
      )}
    </div>
  );
}

// without a permutation there is no test, whatever number stands in its place
const chance = ({ p_value: p, permutations }: Measures) =>
  p === undefined ? undefined : permutations === 0 ? 'not tested' : formatOdds(p);
const fixed = (x: number | undefined) => x?.toFixed(2);
const percent = (x: number | undefined) => (x === undefined ? undefined : `${Math.round(x * 100)} %`);
const signed = (x: number | undefined) =>
  x === undefined ? undefined : `${x > 0 ? '+' : x < 0 ? '−' : ''}${Math.abs(x).toFixed(2)}`;

interface RowProps {
  term: string;
  unit?: string | undefined;
  children: ReactNode;
}

function Pair({
  term,
  before,
  now,
  unit,
  children,
}: RowProps & { before: string | undefined; now: string | undefined }) {
  if (before === undefined && now === undefined) return null;
  return (
    <tr className="border-t border-line">
      <Term term={term} unit={unit}>
        {children}
      </Term>
      <td className="py-1.5 pl-2 text-right text-ink-2 tabular-nums">{before ?? '–'}</td>
      <td className="py-1.5 pl-2 text-right font-medium tabular-nums">{now ?? '–'}</td>
    </tr>
  );
}

function Single({ term, value, unit, children }: RowProps & { value: string | undefined }) {
  if (value === undefined) return null;
  return (
    <tr className="border-t border-line">
      <Term term={term} unit={unit}>
        {children}
      </Term>
      <td colSpan={2} className="py-1.5 pl-2 text-right font-medium tabular-nums">
        {value}
      </td>
    </tr>
  );
}

function Term({ term, unit, children }: { term: string; unit: string | undefined; children: ReactNode }) {
  return (
    <th scope="row" className="py-1.5 text-left font-normal text-ink-2">
      <Explain term={term}>{children}</Explain>
      {unit && <span className="ml-1 text-xs text-ink-3">{unit}</span>}
    </th>
  );
}
