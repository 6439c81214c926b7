import { SNIPPETS } from './snippets';

const values = { url: 'https://drift.example:8443', key: 'dlk_live_abc', stream: 'getting-started' };

describe.each(SNIPPETS)('the snippet for $name', ({ id, text }) => {
  it('carries address and key', () => {
    const shown = text(values);
    expect(shown).toContain('drift.example');
    expect(shown).toContain('8443');
    expect(shown).toContain('dlk_live_abc');
  });

  it.skipIf(id === 'otel')('names the stream', () => {
    expect(text(values)).toContain('getting-started');
  });
});

it('knows the ports that an address leaves out', () => {
  const fluent = SNIPPETS.find((each) => each.id === 'fluent-bit');
  expect(fluent?.text({ ...values, url: 'https://drift.example' })).toMatch(/Port +443\n +Tls +On/);
  expect(fluent?.text({ ...values, url: 'http://drift.example' })).toMatch(/Port +80\n +Tls +Off/);
});

it('covers what people ask for', () => {
  expect(SNIPPETS.map((each) => each.name)).toEqual([
    'curl',
    'OTel Collector',
    'Python',
    'Node',
    'Rust',
    'Vector',
    'Fluent Bit',
  ]);
});
