import { SseParser, type ServerSentEvent } from './sse';

function parse(pieces: string[]): ServerSentEvent[] {
  const events: ServerSentEvent[] = [];
  const parser = new SseParser((event) => events.push(event));
  pieces.forEach((piece) => parser.feed(piece));
  return events;
}

const STREAM =
  '\uFEFF: ping\r\nid: 7\r\nevent: anomaly\r\ndata: {"a":1}\r\ndata:two\r\n\r\nid:8\rdata: x\r\rdata: y\n\nid: 9\n\n';
const EVENTS = [
  { id: '7', event: 'anomaly', data: '{"a":1}\ntwo' },
  { id: '8', event: 'message', data: 'x' },
  { id: '8', event: 'message', data: 'y' },
];

describe('SseParser', () => {
  it('reads every kind of line end, comments, several data lines', () => {
    expect(parse([STREAM])).toEqual(EVENTS);
  });

  it('gives the same events however the text is cut', () => {
    for (let size = 1; size < STREAM.length; size++) {
      const pieces = [];
      for (let i = 0; i < STREAM.length; i += size) pieces.push(STREAM.slice(i, i + size));
      expect(parse(pieces)).toEqual(EVENTS);
    }
  });

  it('does not deliver an event that was cut off', () => {
    expect(parse(['id: 1\ndata: half'])).toEqual([]);
  });

  it('hands on the wished pause before a reconnect', () => {
    const retries: number[] = [];
    new SseParser(
      () => undefined,
      (ms) => retries.push(ms),
    ).feed('retry: 250\nretry: soon\n\n');
    expect(retries).toEqual([250]);
  });
});
