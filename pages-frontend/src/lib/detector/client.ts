// A detector in a thread of its own. Starting one loads the wasm package; close it when the page is left.
import type {
  Ask,
  Course,
  GivenEvent,
  Reply,
  ScanProgress,
  ScanRequest,
  ScanResult,
  Verdict,
} from './protocol';

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

interface Waiting {
  onProgress?: ((progress: ScanProgress) => void) | undefined;
  resolve: (reply: Reply) => void;
  reject: (error: Error) => void;
}

export class DetectorThread {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#receive(data);
    this.#worker.onerror = () => this.#failAll('the detector could not be loaded');
  }

  /** Recomputes an anomaly's verdict from its event and witness alone. */
  async replay(event: GivenEvent, witness: string): Promise<Verdict> {
    const reply = await this.#ask({ do: 'replay', event, witness });
    if (!('done' in reply) || reply.done !== 'replay') throw new Error('the detector gave another answer');
    return reply.verdict;
  }

  /** What a metric's series did before an anomaly, with the band that was expected. */
  async course(event: GivenEvent, witness: string): Promise<Course[]> {
    const reply = await this.#ask({ do: 'course', event, witness });
    if (!('done' in reply) || reply.done !== 'course') throw new Error('the detector gave another answer');
    return reply.courses;
  }

  /** Scores a whole file with a detector that has seen nothing. */
  async scan(request: ScanRequest, onProgress?: (progress: ScanProgress) => void): Promise<ScanResult> {
    const reply = await this.#ask({ do: 'scan', request }, onProgress);
    if (!('done' in reply) || reply.done !== 'scan') throw new Error('the detector gave another answer');
    return reply.result;
  }

  /** Learns lines of text, for `explain`. Gives how many they were. */
  async learn(text: string): Promise<number> {
    const reply = await this.#ask({ do: 'learn', text });
    if (!('done' in reply) || reply.done !== 'learn') throw new Error('the detector gave another answer');
    return reply.events;
  }

  /** What would be said of an event after what has been learnt. */
  async explain(event: GivenEvent): Promise<Verdict> {
    const reply = await this.#ask({ do: 'explain', event });
    if (!('done' in reply) || reply.done !== 'explain') throw new Error('the detector gave another answer');
    return reply.verdict;
  }

  /** Ends the thread, whatever it is doing. */
  close(): void {
    this.#worker.terminate();
    this.#failAll('stopped');
  }

  #ask(what: WithoutId<Ask>, onProgress?: Waiting['onProgress']): Promise<Reply> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { onProgress, resolve, reject });
      this.#worker.postMessage({ ...what, id } satisfies Ask);
    });
  }

  #receive(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (!waiting) return;
    if ('progress' in reply) return waiting.onProgress?.(reply.progress);
    this.#waiting.delete(reply.id);
    if ('failed' in reply) waiting.reject(new Error(reply.failed));
    else waiting.resolve(reply);
  }

  #failAll(why: string): void {
    for (const each of this.#waiting.values()) each.reject(new Error(why));
    this.#waiting.clear();
  }
}
