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
  if (/\.(csv|tsv)$/i.test(name)) return 'csv';
  return looksLikeTable(head) ? 'csv' : 'lines';
}

/** A header of names, and the same number of cells in every row; the end of the head may cut the last one off. */
function looksLikeTable(head: string): boolean {
  const rows = [...recordsOf(head, delimiterOf(head))].map(({ cells }) => cells);
  const header = rows[0];
  if (!header || header.length < 2 || rows.length < 3 || /^\d/.test(head)) return false;
  const broken = rows.indexOf(undefined);
  const whole = rows.slice(1, broken < 0 ? -1 : broken);
  return (
    header[0] !== '' &&
    header.every((cell) => /^[\w .()/%-]*$/.test(cell)) &&
    whole.every((cells) => cells?.length === header.length)
  );
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
  const delimiter = delimiterOf(text);
  for (const { line, position, cells } of recordsOf(text, delimiter)) {
    if (!cells) {
      yield { line, position, problem: 'a quote is opened and not closed' };
      continue;
    }
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
      } else record[name] = numberIn(cell, delimiter) ?? cell;
    }
    kind ??= Object.values(record).every((value) => typeof value === 'number') ? 'metric' : 'log';
    yield { line, position, event: { text: JSON.stringify(record), format: 'json', kind, timestampMs } };
  }
}

/** Where semicolons part the cells, a comma usually stands before the decimals. */
function numberIn(cell: string, delimiter: string): number | undefined {
  const text = delimiter === ';' ? cell.replace(/^(-?\d+),(\d+)$/, '$1.$2') : cell;
  return NUMBER.test(text) ? Number(text) : undefined;
}

const DELIMITERS = [',', ';', '\t'];

/** What parts the first row into the most cells. */
function delimiterOf(text: string): string {
  const cells = (delimiter: string) => recordsOf(text, delimiter).next().value?.cells?.length ?? 0;
  return DELIMITERS.reduce((best, each) => (cells(each) > cells(best) ? each : best));
}

interface CsvRecord {
  /** Where it begins, from 1. */
  line: number;
  position: number;
  /** None where a quote is opened and not closed. */
  cells: string[] | undefined;
}

/** The records of a table as RFC 4180 has them: a quoted cell may hold delimiters, doubled quotes and line ends. */
function* recordsOf(text: string, delimiter: string): Generator<CsvRecord, undefined> {
  let line = 1;
  for (let start = text.startsWith('\uFEFF') ? 1 : 0; start < text.length;) {
    const record = recordAt(text, start, delimiter);
    const end = record?.end ?? endOfLine(text, start);
    // A line of nothing is no record of one empty cell.
    if (text.slice(start, end).trim() !== '') yield { line, position: end, cells: record?.cells };
    for (let at = text.indexOf('\n', start); at >= 0 && at <= end; at = text.indexOf('\n', at + 1)) line += 1;
    start = end + 1;
  }
}

const endOfLine = (text: string, from: number): number => {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
};

// A quote that is closed only further on than this was not meant to hold what lies between.
const LONGEST_RECORD = 100_000;

function recordAt(
  text: string,
  start: number,
  delimiter: string,
): { cells: string[]; end: number } | undefined {
  const cells: string[] = [];
  for (let at = start; ;) {
    let cell = '';
    if (text[at] === '"') {
      const quoted = quotedAt(text, at, start + LONGEST_RECORD);
      if (!quoted) return undefined;
      cell = quoted.content;
      at = quoted.end;
    }
    let stop = at;
    while (stop < text.length && text[stop] !== delimiter && text[stop] !== '\n') stop++;
    const lineEnds = text[stop] !== delimiter;
    cell += text.slice(at, lineEnds && text[stop - 1] === '\r' && stop > at ? stop - 1 : stop);
    cells.push(cell);
    if (lineEnds) return { cells, end: stop };
    at = stop + 1;
  }
}

/** What stands between the quote at `at` and the one that closes it, and where the text goes on. */
function quotedAt(text: string, at: number, limit: number): { content: string; end: number } | undefined {
  let content = '';
  for (let from = at + 1; ;) {
    const quote = text.indexOf('"', from);
    if (quote < 0 || quote > limit) return undefined;
    content += text.slice(from, quote);
    if (text[quote + 1] !== '"') return { content, end: quote + 1 };
    content += '"';
    from = quote + 2;
  }
}
