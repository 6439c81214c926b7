import { guessFormat, readEvents, type Item } from './read-events';
import type { Format } from './protocol';

const texts = (text: string, format: Format) =>
  [...readEvents(text, format)].map((item: Item) =>
    'event' in item ? item.event.text : `! ${item.problem}`,
  );

describe('formats', () => {
  it.each([
    [
      'a log',
      '2026-11-21 10:00:00,123 INFO paid\n2026-11-21 10:00:01,124 INFO paid, order 2\n',
      'app.log',
      'lines',
    ],
    ['a log with brackets', '[notice] started\n[notice] ready\n', '', 'lines'],
    ['JSON lines, whatever they are called', '{"a":1}\n{"a":2}\n', 'x.json', 'ndjson'],
    ['one JSON document', '[\n {"a":1},\n {"a":2}\n]', 'x.json', 'json'],
    ['pasted JSON', '{\n "events": []\n}', '', 'json'],
    ['a table by its name', 'a,b\n1,2\n', 'x.csv', 'csv'],
    ['a table by its name, tabs', 'a\tb\n1\t2\n', 'x.tsv', 'csv'],
    ['a pasted table with semicolons', 'time;value\n2026-01-01;1,5\n2026-01-02;2\n2026-01-03;4\n', '', 'csv'],
    ['a pasted table with quoted line ends', 'id,note\n1,"a\nb"\n2,"c, d"\n3,e\n', '', 'csv'],
    ['a pasted table', 'timestamp,value\n2026-01-01,1\n2026-01-02,2\n2026-01-03,4\n', '', 'csv'],
  ])('knows %s', (_what, text, name, format) => expect(guessFormat(text, name)).toBe(format));
});

describe('events', () => {
  it('takes lines as they stand, and numbers them', () => {
    const items = [...readEvents('one\r\n\n  two \n', 'lines')];
    expect(items.map((item) => ('event' in item ? [item.line, item.event.text] : item))).toEqual([
      [1, 'one'],
      [3, '  two '],
    ]);
  });

  it('keeps a JSON record byte for byte and opens an envelope', () => {
    const line = '{"id":12345678901234567890, "x":1.0}';
    expect(texts(`${line}\n{"data":"an event","event_type":"log"}\nno\n`, 'ndjson')).toEqual([
      line,
      'an event',
      '! not JSON',
    ]);
  });

  it('finds the list in a document', () => {
    expect(texts('{"note":1,"events":[{"data":{"a":1}},{"b":2}]}', 'json')).toEqual(['{"a":1}', '{"b":2}']);
    expect(texts('{', 'json')[0]).toMatch(/^! /);
  });

  it('reads rows as records, numbers beside a time as a metric', () => {
    const [first] = [...readEvents('time,value\n2026-01-01T00:00:00Z,1.5\n', 'csv')];
    expect(first).toMatchObject({
      event: { text: '{"value":1.5}', kind: 'metric', timestampMs: Date.UTC(2026, 0, 1) },
    });
    expect(texts('a,b\n"x, ""y""",2\nz\n', 'csv')).toEqual([
      '{"a":"x, \\"y\\"","b":2}',
      '! 1 cells, but the header has 2',
    ]);
  });

  it('reads quoted line ends, and counts lines as an editor does', () => {
    const items = [...readEvents('a,b\r\n1,"first\nsecond ""x"""\r\n\r\n2,plain\r\n', 'csv')];
    expect(items.map((item) => ('event' in item ? [item.line, item.event.text] : item))).toEqual([
      [2, '{"a":1,"b":"first\\nsecond \\"x\\""}'],
      [5, '{"a":2,"b":"plain"}'],
    ]);
  });

  it.each([
    ['semicolons, decimal commas', 'time;value\n2026-01-01T00:00:00Z;1,5\n', '{"value":1.5}'],
    ['tabs', 'who\twhat\nme\ta, b; c\n', '{"who":"me","what":"a, b; c"}'],
    ['a byte order mark', '\uFEFFa,b\n1,\n', '{"a":1,"b":""}'],
  ])('reads %s', (_what, text, event) => expect(texts(text, 'csv')).toEqual([event]));

  it('loses one row to a quote that is never closed, not the rest of the file', () => {
    expect(texts('a,b\n1,"open\n2,x\n3,y\n', 'csv')).toEqual([
      '! a quote is opened and not closed',
      '{"a":2,"b":"x"}',
      '{"a":3,"b":"y"}',
    ]);
  });
});
