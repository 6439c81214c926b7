// The demo route, as a program would call it. It asks the API without a credential.
import { Play } from 'lucide-react';
import { useEffect, useState } from 'react';
import * as z from 'zod/mini';
import { Button } from '@/components/ui/button';
import { HeatLine } from '@/components/verdict/heat-line';
import { loadConfig } from '@/config/runtime';
import { ApiError } from '@/lib/api/problem';
import { formatBits } from '@/lib/format';
import { exampleLog, ODD_MESSAGE, shortened } from '@/lib/example-log';

const MOST = 50;
/** Events that the command shows; it works with any number up to fifty. */
const SHOWN = 3;

const Answer = z.object({
  accepted: z.number(),
  usual_bits: z.number(),
  events: z.array(
    z.object({
      index: z.number(),
      bits: z.number(),
      score: z.number(),
      anomaly: z.boolean(),
      reason: z.nullish(z.string()),
      tokens: z.array(z.object({ text: z.string(), start: z.number(), end: z.number(), bits: z.number() })),
    }),
  ),
});
type Answer = z.output<typeof Answer>;

/** Payments, all through the usual gateways but one. */
async function sample(): Promise<string> {
  const payments = (await exampleLog())
    .split('\n')
    .map(shortened)
    .filter((line) => /gateway=(stripe|adyen)/.test(line));
  return [...payments.slice(0, 19), `INFO ${ODD_MESSAGE}`, ...payments.slice(19, 30)].join('\n');
}

export function UseApi() {
  const [text, setText] = useState('');
  useEffect(() => {
    void sample().then((lines) => setText((old) => old || lines));
  }, []);
  const [state, setState] = useState<
    | { is: 'idle' | 'running' }
    | { is: 'done'; answer: Answer; lines: string[] }
    | { is: 'failed'; why: string }
  >({ is: 'idle' });
  const [origin, setOrigin] = useState(window.location.origin);
  useEffect(() => {
    // Where the API is elsewhere. Without an answer the command names this page's host, as Send would.
    loadConfig().then(
      ({ apiUrl }) => setOrigin(apiUrl || window.location.origin),
      () => undefined,
    );
  }, []);
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const send = async () => {
    setState({ is: 'running' });
    try {
      setState({ is: 'done', answer: await detect(lines), lines });
    } catch (error) {
      setState({ is: 'failed', why: wordsFor(error) });
    }
  };
  return (
    <div className="grid gap-6 lg:grid-cols-2">
      <div className="min-w-0">
        <label htmlFor="lines" className="text-sm font-medium text-ink-2">
          Events, one a line: {lines.length} of {MOST}
        </label>
        <textarea
          id="lines"
          value={text}
          onChange={(event) => setText(event.target.value)}
          spellCheck={false}
          rows={12}
          className="mt-1 block w-full resize-y rounded-md border border-line-strong bg-panel px-3 py-2 font-mono text-[16px] leading-6 sm:text-xs"
        />
        <Button
          className="mt-3"
          variant="primary"
          disabled={lines.length === 0 || lines.length > MOST || state.is === 'running'}
          onClick={() => void send()}
        >
          <Play aria-hidden /> {state.is === 'running' ? 'Asking…' : 'Send'}
        </Button>
        <h2 className="mt-6 text-base">As a command, with the first three</h2>
        <pre className="mt-2 rounded-lg border border-line bg-panel p-3 font-mono text-xs leading-5 whitespace-pre-wrap wrap-anywhere">
          {curl(origin, lines.slice(0, SHOWN))}
        </pre>
        <p className="mt-2 text-sm text-ink-3">Ten requests a minute from one address, 50 events each.</p>
      </div>
      <div className="min-w-0" role="status">
        {state.is === 'failed' && <p className="text-bad">{state.why}</p>}
        {state.is === 'done' && <Priced answer={state.answer} lines={state.lines} />}
        {state.is === 'idle' && (
          <p className="text-ink-2">
            Each event is priced by a detector that has read only the others. So few give no odds yet, as a
            stream has after 128 events; they show which words cost what.
          </p>
        )}
      </div>
    </div>
  );
}

function Priced({ answer, lines }: { answer: Answer; lines: readonly string[] }) {
  const odd = answer.events.filter((each) => each.anomaly).length;
  return (
    <section aria-label="Answer">
      <h2 className="text-lg">
        {odd === 0 ? 'Nothing stands out' : odd === 1 ? 'One stands out' : `${odd} stand out`}
      </h2>
      <p className="mt-1 text-sm text-ink-2">
        An event here costs {formatBits(answer.usual_bits)} bits as a rule. Dearest first:
      </p>
      <ol className="mt-3 overflow-hidden rounded-lg border border-line bg-panel">
        {answer.events.map((each) => (
          <li key={each.index} className="border-t border-line px-3 py-2 first:border-t-0">
            <p className="flex gap-3 font-mono text-xs leading-5">
              <span className="w-12 shrink-0 text-right text-ink-3 tabular-nums">
                {formatBits(each.bits)}
              </span>
              <HeatLine text={lines[each.index] ?? ''} tokens={each.tokens} />
            </p>
            {each.anomaly && each.reason && <p className="mt-1 ml-15 text-sm">{each.reason}</p>}
          </li>
        ))}
      </ol>
    </section>
  );
}

async function detect(lines: readonly string[]): Promise<Answer> {
  const { apiUrl } = await loadConfig();
  const response = await fetch(`${apiUrl}/v1/demo/detect`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(lines.map((data) => ({ data }))),
  });
  if (!response.ok) throw await ApiError.from(response);
  return Answer.parse(await response.json());
}

function wordsFor(error: unknown): string {
  if (error instanceof ApiError && error.status === 429)
    return 'That was ten requests within a minute. Try again in a moment.';
  if (error instanceof ApiError) return error.message;
  return 'The server could not be reached, or its answer was not understood.';
}

function curl(origin: string, lines: readonly string[]): string {
  const quoted = JSON.stringify(lines.map((data) => ({ data }))).replaceAll("'", "'\\''");
  return `curl ${origin}/v1/demo/detect \\\n  -H 'Content-Type: application/json' \\\n  -d '${quoted}'`;
}
