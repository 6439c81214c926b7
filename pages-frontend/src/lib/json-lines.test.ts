import { jsonLines } from './json-lines';
import { prettyJson } from './pretty-json';

describe('jsonLines', () => {
  it('prints as JSON.stringify does, and remembers where each piece stood', () => {
    const text = '{"a": [1,-2.5e3,{"b":null}],"c":"é\\"x","d":{},"e":[],"f":true}';
    const pretty = prettyJson(text);
    expect(pretty?.text).toBe(JSON.stringify(JSON.parse(text), null, 2).replace('-2500', '-2.5e3'));
    for (const copy of pretty?.copies ?? []) {
      const length = copy.to - copy.from;
      expect(pretty?.text.slice(copy.at, copy.at + length)).toBe(text.slice(copy.from, copy.to));
    }
  });

  it('keeps what parsing would lose: long numbers, duplicate keys, escapes', () => {
    const text = '{"n":12345678901234567890.10,"n":"\\u0041"}';
    expect(prettyJson(text)?.text).toBe('{\n  "n": 12345678901234567890.10,\n  "n": "\\u0041"\n}');
  });

  it('knows which line closes what', () => {
    const lines = jsonLines('{"a":{"b":1,"c":2}}');
    expect(lines?.map((line) => [line.depth, line.closes, line.members])).toEqual([
      [0, 5, 1],
      [1, 4, 2],
      [2, undefined, undefined],
      [2, undefined, undefined],
      [1, undefined, undefined],
      [0, undefined, undefined],
    ]);
  });

  it.each(['', '{', '{"a":}', '[1,]', '{} x', 'nul', '"open', '{"a" 1}'])('refuses %j', (text) => {
    expect(jsonLines(text)).toBeNull();
  });

  it('refuses what is nested beyond reason instead of overflowing', () => {
    expect(jsonLines('['.repeat(100_000))).toBeNull();
  });
});
