// The detector's thread in a test: the real detector, in the test's own thread.
import { createRequire } from 'node:module';
import { answer, type Cbad } from '@/lib/detector/engine';
import type { Ask, Reply } from '@/lib/detector/protocol';

const require = createRequire(import.meta.url);
let cbad: Cbad | undefined;
/** The package as Node loads it: dist/cbad, built by cbad-wasm/build-package.sh. */
export const loadCbad = (): Cbad => (cbad ??= require('../../../dist/cbad/nodejs/cbad.js') as Cbad);

export class InProcessWorker {
  onmessage: ((message: { data: Reply }) => void) | null = null;
  onerror: (() => void) | null = null;
  #ended = false;

  postMessage(ask: Ask) {
    void Promise.resolve().then(() =>
      answer(ask, loadCbad(), (data) => {
        if (!this.#ended) this.onmessage?.({ data });
      }),
    );
  }
  terminate() {
    this.#ended = true;
  }
}
