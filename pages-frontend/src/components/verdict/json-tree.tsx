import { ChevronRight } from 'lucide-react';
import { useMemo, useState } from 'react';
import { cn } from '@/lib/cn';
import { segmentsWithin, type Segment } from '@/lib/heat';
import type { JsonLine, Piece } from '@/lib/json-lines';
import { Shade } from './shade';

// A big tree opens with every branch folded that holds nothing surprising.
const FOLD_FROM_LINES = 40;
const NOTABLE_LEVEL = 2;
const PAGE_LINES = 500;

interface JsonTreeProps {
  text: string;
  lines: readonly JsonLine[];
  segments: readonly Segment[];
}

const TONE: Record<Piece['kind'], string> = {
  key: 'text-accent',
  string: '',
  number: '',
  literal: 'text-ink-2',
  mark: 'text-ink-3',
};

export function JsonTree({ text, lines, segments }: JsonTreeProps) {
  const [folded, setFolded] = useState(() => initialFolds(lines, segments));
  const [limit, setLimit] = useState(PAGE_LINES);
  const visible = useMemo(() => visibleLines(lines, folded), [lines, folded]);
  const toggle = (line: number) =>
    setFolded((old) => {
      const next = new Set(old);
      if (!next.delete(line)) next.add(line);
      return next;
    });

  return (
    <div className="-ml-1">
      {visible.slice(0, limit).map((index) => {
        const line = lines[index];
        if (!line) return null;
        const closed = folded.has(index);
        return (
          <div key={index} className="flex" style={{ paddingLeft: `${line.depth * 1.25}rem` }}>
            <span className="w-5 shrink-0">
              {line.closes !== undefined && index > 0 && (
                <button
                  type="button"
                  aria-expanded={!closed}
                  aria-label={closed ? 'Unfold' : 'Fold'}
                  onClick={() => toggle(index)}
                  className="-m-1 rounded p-1 text-ink-3 hover:text-ink"
                >
                  <ChevronRight
                    aria-hidden
                    className={cn('size-3.5 transition-transform', !closed && 'rotate-90')}
                  />
                </button>
              )}
            </span>
            <span className="min-w-0 whitespace-pre-wrap">
              {line.pieces.map((piece) => (
                <PieceText key={piece.from} text={text} piece={piece} segments={segments} />
              ))}
              {closed && <Folded text={text} line={line} close={lines[line.closes ?? -1]} />}
            </span>
          </div>
        );
      })}
      {visible.length > limit && (
        <button
          type="button"
          className="ml-5 text-accent underline"
          onClick={() => setLimit(limit + 4 * PAGE_LINES)}
        >
          {visible.length - limit} more lines
        </button>
      )}
    </div>
  );
}

function PieceText({ text, piece, segments }: { text: string; piece: Piece; segments: readonly Segment[] }) {
  return (
    <>
      {segmentsWithin(segments, piece.from, piece.to).map((segment) => (
        <Shade key={segment.from} text={text} segment={segment} className={TONE[piece.kind]} />
      ))}
      {piece.kind === 'mark' && text[piece.from] === ':' && ' '}
    </>
  );
}

function Folded({ text, line, close }: { text: string; line: JsonLine; close: JsonLine | undefined }) {
  const mark = close?.pieces.map((piece) => text.slice(piece.from, piece.to)).join('');
  return (
    <span className="text-ink-3">
      {' '}
      {line.members} {line.members === 1 ? 'entry' : 'entries'} {mark}
    </span>
  );
}

function initialFolds(lines: readonly JsonLine[], segments: readonly Segment[]): Set<number> {
  const folds = new Set<number>();
  if (lines.length < FOLD_FROM_LINES) return folds;
  lines.forEach((line, index) => {
    const last = line.closes === undefined ? undefined : lines[line.closes];
    const from = line.pieces[0]?.from;
    const to = last?.pieces.at(-1)?.to;
    if (index === 0 || from === undefined || to === undefined) return;
    if (!segmentsWithin(segments, from, to).some((segment) => segment.level >= NOTABLE_LEVEL))
      folds.add(index);
  });
  return folds;
}

function visibleLines(lines: readonly JsonLine[], folded: ReadonlySet<number>): number[] {
  const visible: number[] = [];
  for (let index = 0; index < lines.length; index++) {
    visible.push(index);
    if (folded.has(index)) index = lines[index]?.closes ?? index;
  }
  return visible;
}
