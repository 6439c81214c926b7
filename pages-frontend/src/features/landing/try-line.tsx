// The detector, live: it has read the example's log in this browser and prices a line as it is typed.
import { useEffect, useRef, useState } from 'react';
import { HeatLine } from '@/components/verdict/heat-line';
import type { DetectorThread } from '@/lib/detector/client';
import type { Verdict } from '@/lib/detector/protocol';
import { exampleLog, ODD_MESSAGE, ODD_START } from '@/lib/example-log';
import { formatBits, formatCount, formatOdds } from '@/lib/format';

type State =
  | { is: 'waiting' }
  | { is: 'loading' }
  | { is: 'failed' }
  | { is: 'ready'; lines: number; verdict: Verdict; text: string };

const MOST = 300;

/** What somebody typed into the prerendered copy of this line, before the application was there. */
function typedBefore(): string {
  if (typeof document === 'undefined') return ODD_MESSAGE;
  return document.querySelector<HTMLInputElement>('#try-line')?.value ?? ODD_MESSAGE;
}

export function TryLine() {
  const [text, setText] = useState(typedBefore);
  const [state, setState] = useState<State>({ is: 'waiting' });
  const started = useRef<Promise<DetectorThread>>(undefined);
  const lines = useRef(0);
  const asked = useRef(0);
  useEffect(
    () => () => {
      void started.current?.then((thread) => thread.close());
    },
    [],
  );

  const price = async (line: string) => {
    const mine = ++asked.current;
    try {
      started.current ??= begin();
      const thread = await started.current;
      if (mine !== asked.current) return;
      const verdict = await thread.explain({ text: ODD_START + line, format: 'text', kind: 'log' });
      if (mine === asked.current) setState({ is: 'ready', lines: lines.current, verdict, text: line });
    } catch {
      setState({ is: 'failed' });
    }
  };
  const begin = async () => {
    setState({ is: 'loading' });
    const [{ DetectorThread }, log] = await Promise.all([import('@/lib/detector/client'), exampleLog()]);
    const own = new DetectorThread();
    lines.current = await own.learn(log.replace(/^.*gateway=sandbox.*\n?/m, ''));
    return own;
  };
  const wake = () => {
    if (state.is === 'waiting') void price(text);
  };

  return (
    <div className="mt-3 rounded-lg border border-line bg-panel px-3 py-3 sm:px-5">
      <label htmlFor="try-line" className="text-sm font-medium">
        Your turn: change a word, and see its price as you type
      </label>
      <input
        id="try-line"
        value={text}
        maxLength={MOST}
        spellCheck={false}
        autoComplete="off"
        onFocus={wake}
        onPointerEnter={wake}
        onChange={(event) => {
          setText(event.target.value);
          void price(event.target.value);
        }}
        className="mt-1.5 block h-10 w-full rounded-md border border-line-strong bg-page px-3 font-mono text-[16px] sm:text-sm"
      />
      <div className="mt-2 min-h-24 sm:min-h-20" aria-live="polite" data-testid="try-answer">
        <Told state={state} />
      </div>
    </div>
  );
}

function Told({ state }: { state: State }) {
  if (state.is === 'waiting') {
    return (
      <p className="text-sm text-ink-3">
        The detector starts in this browser when you touch the line. Nothing you type leaves it.
      </p>
    );
  }
  if (state.is === 'loading') return <p className="text-sm text-ink-3">Reading 1,600 lines of the log …</p>;
  if (state.is === 'failed')
    return <p className="text-sm text-bad">The detector could not be started in this browser.</p>;
  const { verdict, text, lines } = state;
  return (
    <>
      <p className="font-mono text-xs leading-6 sm:text-sm">
        <HeatLine text={text} tokens={typed(verdict)} />
      </p>
      <p className="mt-1 text-sm text-ink-2">
        {verdict.anomaly || (verdict.score ?? 0) >= ODD_BITS ? (
          <>
            <strong className="text-ink">{formatOdds(verdict.p_value)}</strong> lines are this odd
            {verdict.reason && `. ${verdict.reason}`}
          </>
        ) : (
          <>
            Ordinary: {formatBits(verdict.score)} bits of surprise after {formatCount(lines)} lines.
          </>
        )}
      </p>
    </>
  );
}

/** The prices of what was typed: the line's beginning stays as it was in the log. */
const typed = (verdict: Verdict) =>
  (verdict.tokens ?? [])
    .filter((token) => token.start >= ODD_START.length)
    .map((token) => ({ ...token, start: token.start - ODD_START.length, end: token.end - ODD_START.length }));

const ODD_BITS = 7.97; // the default alarm, 1 in 250
