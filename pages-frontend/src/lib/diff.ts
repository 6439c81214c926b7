// Differences between two short texts, word by word (Myers, O(ND), greedy).

export interface DiffPart {
  kind: 'same' | 'added' | 'removed';
  text: string;
}

// Beyond this many edits the texts have little in common and a diff would say nothing; both are shown whole.
const MAX_EDITS = 1_000;

/** Parts that turn `before` into `after`. Words, runs of blanks and single marks are the units. */
export function diffWords(before: string, after: string): DiffPart[] {
  const a = units(before);
  const b = units(after);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;

  const parts = [
    ...a.slice(0, head).map((text): DiffPart => ({ kind: 'same', text })),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map((text): DiffPart => ({ kind: 'same', text })),
  ];
  return joined(parts);
}

function units(text: string): string[] {
  return text.match(/[\p{L}\p{N}_.]+|\s+|[^\p{L}\p{N}_.\s]/gu) ?? [];
}

function middle(a: string[], b: string[]): DiffPart[] {
  const whole: DiffPart[] = [
    ...(a.length ? [{ kind: 'removed' as const, text: a.join('') }] : []),
    ...(b.length ? [{ kind: 'added' as const, text: b.join('') }] : []),
  ];
  if (a.length === 0 || b.length === 0) return whole;

  const limit = Math.min(a.length + b.length, MAX_EDITS);
  const reach = new Map<number, number>([[1, 0]]);
  const history: Map<number, number>[] = [];
  for (let edits = 0; edits <= limit; edits++) {
    history.push(new Map(reach));
    for (let k = -edits; k <= edits; k += 2) {
      const down = k === -edits || (k !== edits && at(reach, k - 1) < at(reach, k + 1));
      let x = down ? at(reach, k + 1) : at(reach, k - 1) + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) {
        x++;
        y++;
      }
      reach.set(k, x);
      if (x >= a.length && y >= b.length) return backtrack(a, b, history);
    }
  }
  return whole;
}

function backtrack(a: string[], b: string[], history: Map<number, number>[]): DiffPart[] {
  const parts: DiffPart[] = [];
  let x = a.length;
  let y = b.length;
  for (let edits = history.length - 1; edits >= 0; edits--) {
    const reach = history[edits] ?? new Map<number, number>();
    const k = x - y;
    const down = k === -edits || (k !== edits && at(reach, k - 1) < at(reach, k + 1));
    const previousX = down ? at(reach, k + 1) : at(reach, k - 1);
    const previousY = previousX - (down ? k + 1 : k - 1);
    while (x > previousX && y > previousY && x > 0 && y > 0) {
      parts.push({ kind: 'same', text: a[--x] ?? '' });
      y--;
    }
    if (edits === 0) break;
    if (down) parts.push({ kind: 'added', text: b[--y] ?? '' });
    else parts.push({ kind: 'removed', text: a[--x] ?? '' });
  }
  return parts.reverse();
}

const at = (reach: Map<number, number>, k: number): number => reach.get(k) ?? -1;

// Neighbours of one kind become one part; a lone blank between two changes joins them, so phrases stay whole.
function joined(parts: DiffPart[]): DiffPart[] {
  const out: DiffPart[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (last?.kind === part.kind) last.text += part.text;
    else out.push({ ...part });
  }
  return out;
}
