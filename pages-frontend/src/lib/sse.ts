// Server-sent events over fetch. EventSource cannot send an Authorization header, so the parser of the
// event-stream format (WHATWG HTML §9.2.6) lives here.

export interface ServerSentEvent {
  id: string;
  event: string;
  data: string;
}

/** Feed it text as it arrives, in any pieces; it calls back once per complete event. */
export class SseParser {
  #buffer = '';
  #started = false;
  #data: string[] = [];
  #event = '';
  #lastId = '';

  constructor(
    private readonly onEvent: (event: ServerSentEvent) => void,
    private readonly onRetry: (milliseconds: number) => void = () => undefined,
  ) {}

  feed(text: string): void {
    if (!this.#started && text.length > 0) {
      this.#started = true;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    this.#buffer += text;
    let position = 0;
    for (;;) {
      const end = lineEnd(this.#buffer, position);
      if (end === null) break;
      this.#line(this.#buffer.slice(position, end.at));
      position = end.next;
    }
    this.#buffer = this.#buffer.slice(position);
  }

  #line(line: string): void {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#lastId = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.onRetry(Number(value));
  }

  #dispatch(): void {
    const data = this.#data;
    const event = this.#event || 'message';
    this.#data = [];
    this.#event = '';
    if (data.length > 0) this.onEvent({ id: this.#lastId, event, data: data.join('\n') });
  }
}

// A line ends in \n, \r or \r\n. A \r at the very end may be half of a \r\n: wait for more.
function lineEnd(text: string, from: number): { at: number; next: number } | null {
  for (let i = from; i < text.length; i++) {
    if (text[i] === '\n') return { at: i, next: i + 1 };
    if (text[i] === '\r') {
      if (i + 1 === text.length) return null;
      return { at: i, next: text[i + 1] === '\n' ? i + 2 : i + 1 };
    }
  }
  return null;
}
