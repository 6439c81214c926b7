import { diffWords } from './diff';

const rebuilt = (before: string, after: string) => {
  const parts = diffWords(before, after);
  return [
    parts
      .filter((part) => part.kind !== 'added')
      .map((part) => part.text)
      .join(''),
    parts
      .filter((part) => part.kind !== 'removed')
      .map((part) => part.text)
      .join(''),
  ];
};

describe('diffWords', () => {
  it('marks only what changed', () => {
    expect(diffWords('INFO paid in 41 ms', 'WARN paid in 30012 ms')).toEqual([
      { kind: 'removed', text: 'INFO' },
      { kind: 'added', text: 'WARN' },
      { kind: 'same', text: ' paid in ' },
      { kind: 'removed', text: '41' },
      { kind: 'added', text: '30012' },
      { kind: 'same', text: ' ms' },
    ]);
  });

  it.each([
    ['', ''],
    ['', 'new'],
    ['old', ''],
    ['a b c a b b a', 'c b a b a c'],
    ['日本 🔥 x', '日本 x 🔥 y'],
  ])('rebuilds both sides of %j and %j', (before, after) => {
    expect(rebuilt(before, after)).toEqual([before, after]);
  });

  it('gives up on texts without anything in common, but keeps both whole', () => {
    const before = Array.from({ length: 3000 }, (_, i) => `a${i}`).join(' ');
    const after = Array.from({ length: 3000 }, (_, i) => `b${i}`).join(';');
    expect(rebuilt(before, after)).toEqual([before, after]);
  });
});
