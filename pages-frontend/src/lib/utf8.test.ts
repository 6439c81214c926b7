import { ByteIndex, utf8Length } from './utf8';

const encode = (text: string) => new TextEncoder().encode(text);

describe('ByteIndex', () => {
  it.each([
    '',
    'plain ascii',
    'naïve café',
    '日本語のログ',
    'ok 🔥 done',
    '\u0000\u007f\u0080\u07ff\u0800\uffff',
  ])('agrees with TextEncoder at every character of %j', (text) => {
    const index = new ByteIndex(text);
    expect(index.byteLength).toBe(encode(text).length);
    let unit = 0;
    for (const character of text) {
      const byte = encode(text.slice(0, unit)).length;
      expect(index.start(byte)).toBe(unit);
      expect(index.end(byte + encode(character).length)).toBe(unit + character.length);
      unit += character.length;
    }
  });

  it('snaps outward when an offset falls inside a character', () => {
    const index = new ByteIndex('a🔥b');
    expect([index.start(1), index.start(2), index.start(4), index.start(5)]).toEqual([1, 1, 1, 3]);
    expect([index.end(1), index.end(2), index.end(4), index.end(5)]).toEqual([1, 3, 3, 3]);
  });

  it('clamps what lies outside the text', () => {
    const index = new ByteIndex('äb');
    expect([index.start(-4), index.end(99), index.start(NaN)]).toEqual([0, 2, 0]);
  });

  it('counts a lone surrogate as the three bytes it is written with', () => {
    expect(utf8Length('\ud800x')).toBe(encode('\ud800x').length);
  });
});
