// Turns bits per token into shades. Warm colours mean surprise and nothing else in the whole interface.
import { ByteIndex } from './utf8';

export const HEAT_LEVELS = 7;

export interface PricedToken {
  text: string;
  start: number;
  end: number;
  bits: number;
  expected?: { text: string; count: number }[] | undefined;
}

/** A run of the text with one shade; `token` is the index of the token it belongs to, or null between tokens. */
export interface Segment {
  from: number;
  to: number;
  token: number | null;
  level: number;
}

// A word never seen before costs about 14 bits, 1 in 16,000: full shade. In an event whose hottest token has more, that
// one is the measure, so the strongest shade is always the oddest token. Below 4 bits, 1 in 16, is ordinary.
const FULL_SHADE_BITS = 14;
export const ORDINARY_BITS = 4;

/** Shade 0 (none) to 7 (strongest) of a token in an event whose oddest token has `maxBits`. */
export function heatLevel(bits: number, maxBits: number): number {
  if (!(bits >= ORDINARY_BITS)) return 0;
  const full = Math.max(FULL_SHADE_BITS, maxBits);
  const share = (bits - ORDINARY_BITS) / (full - ORDINARY_BITS);
  return Math.max(1, Math.min(HEAT_LEVELS, Math.ceil(share * HEAT_LEVELS)));
}

export function maxBits(tokens: readonly { bits: number }[]): number {
  return tokens.reduce((most, token) => Math.max(most, token.bits), 0);
}

/** Cuts the text into shaded segments that cover it exactly, whatever the tokens' order, gaps or overlaps. */
export function segmentText(text: string, tokens: readonly PricedToken[]): Segment[] {
  const index = new ByteIndex(text);
  const most = maxBits(tokens);
  const ranges = tokens
    .map((token, i) => ({
      from: index.start(token.start),
      to: index.end(token.end),
      token: i,
      bits: token.bits,
    }))
    .filter((range) => range.to > range.from)
    .sort((a, b) => a.from - b.from || a.to - b.to);

  const segments: Segment[] = [];
  let position = 0;
  for (const range of ranges) {
    const from = Math.max(range.from, position);
    if (from >= range.to) continue;
    if (from > position) segments.push({ from: position, to: from, token: null, level: 0 });
    segments.push({ from, to: range.to, token: range.token, level: heatLevel(range.bits, most) });
    position = range.to;
  }
  if (position < text.length) segments.push({ from: position, to: text.length, token: null, level: 0 });
  return segments;
}

/** The part of the segments that lies in [from, to), cut to it. Segments are ordered, so this is a binary search. */
export function segmentsWithin(segments: readonly Segment[], from: number, to: number): Segment[] {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((segments[middle]?.to ?? 0) <= from) low = middle + 1;
    else high = middle;
  }
  const out: Segment[] = [];
  for (let i = low; i < segments.length; i++) {
    const segment = segments[i];
    if (!segment || segment.from >= to) break;
    out.push({ ...segment, from: Math.max(from, segment.from), to: Math.min(to, segment.to) });
  }
  return out;
}
