// Pretty-prints JSON while remembering where each piece stood in the text as received, so that shades given in
// offsets of that text land on the pretty tree. Numbers, escapes and duplicate keys stay exactly as they came.

export interface Piece {
  kind: 'key' | 'string' | 'number' | 'literal' | 'mark';
  from: number;
  to: number;
}

export interface JsonLine {
  /** Nesting depth; the line's indent. */
  depth: number;
  pieces: Piece[];
  /** For a line that opens an object or array: the index of the line that closes it. */
  closes?: number;
  /** How many members it holds. */
  members?: number;
}

const MAX_DEPTH = 512;

/** Lines of the pretty tree, or null when the text is not JSON (or nested beyond reason). */
export function jsonLines(text: string): JsonLine[] | null {
  try {
    return new Printer(text).print();
  } catch (error) {
    if (error instanceof NotJson) return null;
    throw error;
  }
}

class NotJson extends Error {}

class Printer {
  #position = 0;
  #lines: JsonLine[] = [];
  #line: JsonLine = { depth: 0, pieces: [] };

  constructor(private readonly text: string) {}

  print(): JsonLine[] {
    this.#value(0);
    this.#blanks();
    if (this.#position < this.text.length) throw new NotJson();
    this.#lines.push(this.#line);
    return this.#lines;
  }

  #value(depth: number): void {
    if (depth > MAX_DEPTH) throw new NotJson();
    this.#blanks();
    const first = this.text[this.#position];
    if (first === '{') this.#container(depth, '}', () => this.#member(depth + 1));
    else if (first === '[') this.#container(depth, ']', () => this.#value(depth + 1));
    else if (first === '"') this.#take('string', STRING);
    else if (first === '-' || (first !== undefined && first >= '0' && first <= '9'))
      this.#take('number', NUMBER);
    else this.#take('literal', LITERAL);
  }

  #member(depth: number): void {
    this.#blanks();
    this.#take('key', STRING);
    this.#blanks();
    this.#take('mark', COLON);
    this.#value(depth);
  }

  #container(depth: number, close: '}' | ']', member: () => void): void {
    this.#mark();
    const opening = this.#line;
    this.#blanks();
    if (this.text[this.#position] === close) {
      this.#mark();
      return;
    }
    let members = 0;
    for (;;) {
      this.#breakLine(depth + 1);
      member();
      members++;
      this.#blanks();
      if (this.text[this.#position] !== ',') break;
      this.#mark();
      this.#blanks();
    }
    if (this.text[this.#position] !== close) throw new NotJson();
    this.#breakLine(depth);
    opening.closes = this.#lines.length;
    opening.members = members;
    this.#mark();
  }

  #breakLine(depth: number): void {
    this.#lines.push(this.#line);
    this.#line = { depth, pieces: [] };
  }

  #mark(): void {
    this.#line.pieces.push({ kind: 'mark', from: this.#position, to: this.#position + 1 });
    this.#position++;
  }

  #take(kind: Piece['kind'], pattern: RegExp): void {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.text);
    if (!match) throw new NotJson();
    const from = this.#position;
    this.#position += match[0].length;
    this.#line.pieces.push({ kind, from, to: this.#position });
  }

  #blanks(): void {
    BLANKS.lastIndex = this.#position;
    this.#position += BLANKS.exec(this.text)?.[0].length ?? 0;
  }
}

const BLANKS = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\]|\\.)*"/sy;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERAL = /true|false|null/y;
const COLON = /:/y;
