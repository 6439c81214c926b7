// Pretty-printed JSON that knows where each of its characters stood in the text as received.
import { jsonLines } from './json-lines';

export interface Mapped {
  text: string;
  /** Ranges of `text` with the place in the source they were copied from; in order. Blanks added are in none. */
  copies: { at: number; from: number; to: number }[];
}

/** Null when the text is not JSON. */
export function prettyJson(source: string): Mapped | null {
  const lines = jsonLines(source);
  if (!lines) return null;
  let text = '';
  const copies: Mapped['copies'] = [];
  lines.forEach((line, index) => {
    text += (index > 0 ? '\n' : '') + '  '.repeat(line.depth);
    for (const piece of line.pieces) {
      copies.push({ at: text.length, from: piece.from, to: piece.to });
      text += source.slice(piece.from, piece.to);
      if (piece.kind === 'mark' && source[piece.from] === ':') text += ' ';
    }
  });
  return { text, copies };
}

export const unchanged = (text: string): Mapped => ({ text, copies: [{ at: 0, from: 0, to: text.length }] });
