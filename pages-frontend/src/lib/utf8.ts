// The API counts in UTF-8 bytes, JavaScript strings in UTF-16 units. One table per text converts between them.

/** Maps UTF-8 byte offsets of a text to string indices. */
export class ByteIndex {
  readonly byteLength: number;
  // For text beyond ASCII: the string index at which the character containing each byte starts, and ends.
  readonly #starts: Uint32Array | null;
  readonly #ends: Uint32Array | null;

  constructor(text: string) {
    this.byteLength = utf8Length(text);
    if (this.byteLength === text.length) {
      this.#starts = null;
      this.#ends = null;
      return;
    }
    const starts = new Uint32Array(this.byteLength + 1);
    const ends = new Uint32Array(this.byteLength + 1);
    let byte = 0;
    for (let i = 0; i < text.length;) {
      const [units, bytes] = widthAt(text, i);
      // An offset on a character's first byte is its start either way; inside it, starts snap down and ends snap up.
      starts.fill(i, byte, byte + bytes);
      ends.fill(i + units, byte + 1, byte + bytes + 1);
      byte += bytes;
      i += units;
    }
    starts[this.byteLength] = text.length;
    this.#starts = starts;
    this.#ends = ends;
  }

  /** String index for a range's start; inside a character it snaps to the character's beginning. */
  start(byte: number): number {
    const b = this.#clamp(byte);
    return this.#starts ? (this.#starts[b] ?? 0) : b;
  }

  /** String index for a range's end; inside a character it snaps to just after the character. */
  end(byte: number): number {
    const b = this.#clamp(byte);
    return this.#ends ? (this.#ends[b] ?? 0) : b;
  }

  #clamp(byte: number): number {
    return Math.max(0, Math.min(this.byteLength, Math.trunc(byte) || 0));
  }
}

export function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length;) {
    const [units, width] = widthAt(text, i);
    bytes += width;
    i += units;
  }
  return bytes;
}

// [UTF-16 units, UTF-8 bytes] of the character at i. A lone surrogate is written as U+FFFD: three bytes.
function widthAt(text: string, i: number): [number, number] {
  const unit = text.charCodeAt(i);
  if (unit < 0x80) return [1, 1];
  if (unit < 0x800) return [1, 2];
  if (unit >= 0xd800 && unit < 0xdc00) {
    const next = text.charCodeAt(i + 1);
    if (next >= 0xdc00 && next < 0xe000) return [2, 4];
  }
  return [1, 3];
}
