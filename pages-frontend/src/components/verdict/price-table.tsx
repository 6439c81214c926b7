// Tokens (or fields) by their price, the dearest first, each with what was expected instead.
import { useMemo, useState } from 'react';
import { Button } from '@/components/ui/button';
import { formatBits, formatCount } from '@/lib/format';
import { heatLevel, maxBits, ORDINARY_BITS } from '@/lib/heat';
import { cn } from '@/lib/cn';

export interface PriceRow {
  /** What is priced: a token's text or a field's path. */
  name: string;
  /** The value, where the name is a path. */
  value?: string | undefined;
  bits: number;
  expected?: { text: string; count: number }[] | undefined;
}

const FIRST = 6;
const HEAT = ['heat-0', 'heat-1', 'heat-2', 'heat-3', 'heat-4', 'heat-5', 'heat-6', 'heat-7'];

export function PriceTable({ rows, noun }: { rows: readonly PriceRow[]; noun: string }) {
  const [all, setAll] = useState(false);
  const sorted = useMemo(() => rows.toSorted((a, b) => b.bits - a.bits), [rows]);
  const notable = Math.max(1, Math.min(FIRST, sorted.filter((row) => row.bits >= ORDINARY_BITS).length));
  const most = maxBits(sorted);
  const shown = all ? sorted.slice(0, 500) : sorted.slice(0, notable);
  return (
    <>
      <table className="w-full table-fixed text-sm">
        <colgroup>
          <col className="w-[36%]" />
          <col className="w-20" />
          <col />
        </colgroup>
        <thead className="text-left text-xs text-ink-3">
          <tr>
            <th scope="col" className="pb-1 font-normal">
              {noun}
            </th>
            <th scope="col" className="pr-4 pb-1 text-right font-normal">
              bits
            </th>
            <th scope="col" className="pb-1 font-normal">
              expected instead
            </th>
          </tr>
        </thead>
        <tbody className="align-top">
          {shown.map((row, index) => (
            <tr key={index} className="border-t border-line">
              <td className="py-2 pr-3 font-mono wrap-anywhere">
                <span className={row.value === undefined ? '' : 'text-ink-2'}>{clip(row.name)}</span>
                {row.value !== undefined && <span className="block">{clip(row.value)}</span>}
              </td>
              <td className="py-2 pr-4 text-right">
                <span
                  className={cn(
                    'inline-block min-w-12 rounded px-1.5 text-right tabular-nums',
                    HEAT[heatLevel(row.bits, most)],
                    row === sorted[0] && 'font-bold',
                  )}
                >
                  {formatBits(row.bits)}
                </span>
              </td>
              <td className="py-2">
                <Expected expected={row.expected} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length > notable && (
        <Button variant="ghost" size="sm" className="mt-1 -ml-2" onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${formatCount(sorted.length)}`}
        </Button>
      )}
    </>
  );
}

function Expected({ expected }: { expected: PriceRow['expected'] }) {
  if (!expected?.length) return <span className="text-ink-3">–</span>;
  return (
    <ul className="flex flex-wrap gap-x-3 gap-y-1">
      {expected.slice(0, 5).map((each) => (
        <li key={each.text} className="wrap-anywhere">
          <span className="font-mono">{clip(each.text)}</span>{' '}
          <span className="text-xs text-ink-3 tabular-nums">×{formatCount(each.count)}</span>
        </li>
      ))}
    </ul>
  );
}

const clip = (text: string): string => (text.length > 120 ? `${text.slice(0, 120)}…` : text);
