import { heatLevel, segmentsWithin, segmentText } from './heat';

const token = (text: string, start: number, end: number, bits: number) => ({ text, start, end, bits });

describe('heatLevel', () => {
  it('leaves ordinary tokens unshaded and gives the hottest the strongest shade', () => {
    expect(heatLevel(3.9, 40)).toBe(0);
    expect(heatLevel(4.1, 40)).toBe(1);
    expect(heatLevel(40, 40)).toBe(7);
    expect(heatLevel(20, 5)).toBe(7);
  });

  it('does not make a mild event look alarming', () => {
    expect(heatLevel(6, 6)).toBeLessThanOrEqual(3);
  });

  it('never falls as bits rise', () => {
    let last = 0;
    for (let bits = 0; bits <= 60; bits += 0.1) {
      const level = heatLevel(bits, 60);
      expect(level).toBeGreaterThanOrEqual(last);
      last = level;
    }
  });

  it('treats nonsense as ordinary', () => {
    expect(heatLevel(NaN, 10)).toBe(0);
    expect(heatLevel(-3, 10)).toBe(0);
  });
});

describe('segmentText', () => {
  it('covers the text exactly, in order, whatever the tokens say', () => {
    const text = 'größe=7 🔥 ende';
    const tokens = [
      token('ende', 15, 19, 3),
      token('größe', 0, 7, 12),
      token('bad', 5, 2, 9),
      token('over', 3, 9, 8),
    ];
    const segments = segmentText(text, tokens);
    expect(segments.map((each) => text.slice(each.from, each.to)).join('')).toBe(text);
    expect(text.slice(segments[0]?.from, segments[0]?.to)).toBe('größe');
    expect(text.slice(segments.at(-1)?.from, segments.at(-1)?.to)).toBe('ende');
  });

  it('has one plain segment without tokens, and none for no text', () => {
    expect(segmentText('abc', [])).toEqual([{ from: 0, to: 3, token: null, level: 0 }]);
    expect(segmentText('', [token('x', 0, 4, 9)])).toEqual([]);
  });
});

describe('segmentsWithin', () => {
  it('cuts to the range', () => {
    const segments = segmentText('abcdef', [token('cd', 2, 4, 9)]);
    expect(segmentsWithin(segments, 3, 6).map(({ from, to, token: t }) => [from, to, t])).toEqual([
      [3, 4, 0],
      [4, 6, null],
    ]);
    expect(segmentsWithin(segments, 6, 9)).toEqual([]);
  });
});
