// Text of a file → events, as `cbad score` reads them: a line, a JSON record, or a CSV row as a record of its columns.
import type { Format, GivenEvent, Kind } from './protocol';

export type Item =
  { line: number; position: number; event: GivenEvent } | { line: number; position: number; problem: string };

const HEAD = 20_000;

/** The format by content first (a log is often called .txt, JSON lines .json). */
export function guessFormat(text: string, name = ''): Format {
  const head = text.slice(0, HEAD).trimStart();
  const lines = head
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const first = lines[0] ?? '';
  if (isRecord(first)) return 'ndjson';
  if (/^[[{]/.test(first) && /\.json$|^$/i.test(name) && !/^\[[^\]]*\] \S/.test(first)) return 'json';
  if (/\.csv$/i.test(name)) return 'csv';
  const cells = splitCsv(first).length;
  const uniform =
    cells > 1 && lines.length > 2 && lines.slice(0, -1).every((line) => splitCsv(line).length === cells);
  return uniform && /^["\w .()/%-]+(,["\w .()/%-]*)+$/.test(first) && !/^\d/.test(first) ? 'csv' : 'lines';
}

function isRecord(line: string): boolean {
  if (!line.startsWith('{')) return false;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

export function* readEvents(text: string, format: Format): Generator<Item> {
  if (format === 'json') yield* jsonDocument(text);
  else if (format === 'csv') yield* csv(text);
  else {
    for (const { line, position, content } of linesOf(text)) {
      if (format === 'lines') yield { line, position, event: { text: content, format: 'text', kind: 'log' } };
      else yield { line, position, ...jsonLine(content) };
    }
  }
}

function* linesOf(text: string): Generator<{ line: number; position: number; content: string }> {
  let start = 0;
  for (let line = 1; start < text.length; line++) {
    const end = text.indexOf('\n', start);
    const stop = end < 0 ? text.length : end;
    const content =
      text.charCodeAt(stop - 1) === 13 && stop > start
        ? text.slice(start, stop - 1)
        : text.slice(start, stop);
    if (content.trim() !== '') yield { line, position: stop, content };
    start = stop + 1;
  }
}

const KINDS: readonly Kind[] = ['log', 'metric', 'trace', 'llm'];
const ENVELOPE = /"data"\s*:/;

/** A record stands for itself, byte for byte; one in the shape of POST /v1/events for what it holds. */
function jsonLine(content: string): { event: GivenEvent } | { problem: string } {
  // Only an envelope has to be understood here; the detector itself reads the rest.
  if (!ENVELOPE.test(content)) {
    return content.trimStart().startsWith('{') || isJson(content)
      ? { event: { text: content, format: 'json', kind: 'log' } }
      : { problem: 'not JSON' };
  }
  try {
    return { event: fromRecord(JSON.parse(content), content) };
  } catch {
    return { problem: 'not JSON' };
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function fromRecord(record: unknown, raw?: string): GivenEvent {
  if (typeof record === 'string') return { text: record, format: 'text', kind: 'log' };
  if (record && typeof record === 'object' && 'data' in record && record.data !== null) {
    const { data, event_type, group } = record as Record<string, unknown>;
    return {
      text: typeof data === 'string' ? data : JSON.stringify(data),
      format: typeof data === 'string' ? 'text' : 'json',
      kind: KINDS.find((kind) => kind === event_type) ?? 'log',
      group: typeof group === 'string' ? group : undefined,
    };
  }
  return { text: raw ?? JSON.stringify(record), format: 'json', kind: 'log' };
}

function* jsonDocument(text: string): Generator<Item> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    yield { line: 1, position: text.length, problem: error instanceof Error ? error.message : 'not JSON' };
    return;
  }
  const list = Array.isArray(document) ? document : listIn(document);
  for (const [index, record] of list.entries()) {
    yield { line: index + 1, position: ((index + 1) / list.length) * text.length, event: fromRecord(record) };
  }
}

/** The records of `{"events": […]}` and its like: the longest list at the top. */
function listIn(document: unknown): unknown[] {
  if (!document || typeof document !== 'object') return [document];
  const lists = Object.values(document).filter((value) => Array.isArray(value));
  return lists.sort((a, b) => b.length - a.length)[0] ?? [document];
}

const TIME_COLUMN = /^(time|timestamp|date|datetime|ts|@timestamp)$/i;
const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

/** Rows as records; where nothing but numbers stands beside the time, as a metric. */
function* csv(text: string): Generator<Item> {
  let header: string[] | undefined;
  let kind: Kind | undefined;
  for (const { line, position, content } of linesOf(text)) {
    const cells = splitCsv(content);
    if (!header) {
      header = cells;
      continue;
    }
    if (cells.length !== header.length) {
      yield { line, position, problem: `${cells.length} cells, but the header has ${header.length}` };
      continue;
    }
    let timestampMs: number | undefined;
    const record: Record<string, string | number> = {};
    for (const [index, name] of header.entries()) {
      const cell = cells[index] ?? '';
      if (TIME_COLUMN.test(name)) {
        const at = Date.parse(cell);
        if (!Number.isNaN(at)) timestampMs = at;
      } else record[name] = NUMBER.test(cell) ? Number(cell) : cell;
    }
    kind ??= Object.values(record).every((value) => typeof value === 'number') ? 'metric' : 'log';
    yield { line, position, event: { text: JSON.stringify(record), format: 'json', kind, timestampMs } };
  }
}

export function splitCsv(line: string): string[] {
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const c = line[i];
    if (c === '"' && quoted && line[i + 1] === '"') {
      cell += '"';
      i++;
    } else if (c === '"') quoted = !quoted;
    else if (c === ',' && !quoted) {
      cells.push(cell);
      cell = '';
    } else cell += c;
  }
  cells.push(cell);
  return cells;
}
