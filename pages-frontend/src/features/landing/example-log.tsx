// Lines of the log that the repository ships, with the one word that the detector found odd.
import { cn } from '@/lib/cn';
import { formatBits, formatCount, formatOdds } from '@/lib/format';
import example from './example.json';

export function ExampleLog() {
  const { odd, lines, first_line: first } = example;
  return (
    <figure>
      <ol className="overflow-hidden rounded-lg border border-line bg-panel py-3 font-mono text-xs leading-6 sm:text-sm sm:leading-7">
        {lines.map(([time, level, text = ''], index) => (
          <li
            key={index}
            className={cn('px-3 wrap-anywhere sm:px-5', index === odd.line ? 'text-ink' : 'text-ink-2')}
          >
            <span className="hidden text-ink-3 sm:inline">{time} </span>
            <span className={level === 'WARN' ? 'font-semibold text-ink' : undefined}>{level} </span>
            {index === odd.line ? <OddLine text={text} /> : text}
          </li>
        ))}
      </ol>
      <figcaption className="mt-2 text-xs text-ink-3">
        From line {formatCount(first)} of <span className="font-mono">examples/checkout.log</span>, shortened.
        The price is what the detector gave it after reading the lines before.
      </figcaption>
    </figure>
  );
}

function OddLine({ text }: { text: string }) {
  const { word, bits, expected } = example.odd;
  const [before = '', after = ''] = text.split(word);
  const usual = expected[0];
  return (
    <>
      {before}
      <strong className="heat-7 rounded-[3px] px-1 py-0.5 font-bold">{word}</strong>
      {after}
      <span className="mt-1 mb-2 block border-l-2 border-heat-6 pl-3 font-sans text-sm leading-snug text-ink">
        <strong>{formatBits(bits)} bits</strong>: {formatOdds(2 ** -bits)} at this place.
        {usual && ` Usual here: ${usual.text}, ${usual.count} times.`}
      </span>
    </>
  );
}
