import type { Token } from '@/lib/api/anomaly';
import { formatBits, formatCount, formatOdds } from '@/lib/format';

/** What a single token costs, in words. */
export function TokenCard({ token }: { token: Token }) {
  return (
    <div className="space-y-2">
      <p>
        <span className="font-mono font-semibold wrap-anywhere">{clipped(token.text)}</span>
        <span className="text-ink-2">
          {' '}
          · {formatBits(token.bits)} bits, {formatOdds(2 ** -token.bits)} at this place
        </span>
      </p>
      <ExpectedInstead expected={token.expected} />
    </div>
  );
}

export function ExpectedInstead({ expected }: { expected: Token['expected'] }) {
  if (!expected || expected.length === 0)
    return <p className="text-ink-3">Nothing in particular was expected.</p>;
  const total = expected.reduce((sum, each) => sum + each.count, 0);
  return (
    <div>
      <p className="mb-1 text-xs text-ink-3">expected instead</p>
      <ul className="space-y-1">
        {expected.map((each) => (
          <li key={each.text} className="grid grid-cols-[minmax(0,1fr)_4rem_auto] items-center gap-2">
            <span className="font-mono wrap-anywhere">{clipped(each.text)}</span>
            <span aria-hidden className="h-1 rounded-full bg-line">
              <span
                className="block h-1 rounded-full bg-accent"
                style={{ width: `${total ? (100 * each.count) / total : 0}%` }}
              />
            </span>
            <span className="text-right text-xs text-ink-2 tabular-nums">
              {formatCount(each.count)} times
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

const CLIP = 160;
const clipped = (text: string): string => (text.length > CLIP ? `${text.slice(0, CLIP)}…` : text);
