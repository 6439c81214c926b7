// The script that Cloudflare loads: the Rust Worker behind a guard against panics.
//
// With panic=abort a Rust panic traps inside wasm, and the promise of the request would never settle: its caller would hang.
// The trap also shows as an `error` event, on which everything that is pending is answered by
// interrupted.mjs: 503 where it may be sent again, else 500. The generated code then builds
// a new wasm instance, and Durable Objects come back from what they have stored.
import { DurableObject } from "cloudflare:workers";
import * as worker from "./build/index.js";
import { interrupted } from "./interrupted.mjs";

// Rust's tasks wake up as microtasks, half a dozen in most requests. A promise's costs half of what the runtime's queueMicrotask does;
// reportError makes of a trap in one the `error` event that queueMicrotask would have made.
if (typeof reportError === "function") {
  const settled = Promise.resolve();
  globalThis.queueMicrotask = (task) => {
    settled.then(() => {
      try {
        task();
      } catch (error) {
        reportError(error);
      }
    });
  };
}

// The generated classes stand behind proxies, which after a trap build a new wasm instance, and make half a dozen objects for each
// call. While there was no trap, what comes in most often goes round them.
const generated = globalThis.__worker_init_state ?? { criticalError: true };
const isWhole = () => !generated.criticalError;

const pending = new Set();
addEventListener("error", () => {
  // whatever it was: the next call goes through the proxies, which look after the instance
  generated.criticalError = true;
  for (const reject of pending) reject(new Error("panic"));
  pending.clear();
});

/** A promise that `work` settles by calling one of the two functions that it gets, or else a trap. */
function ended(work) {
  return new Promise((resolve, reject) => {
    pending.add(reject);
    const done = (settle) => (value) => {
      pending.delete(reject);
      settle(value);
    };
    try {
      work(done(resolve), done(reject));
    } catch (error) {
      // a trap before the first wait
      done(reject)(error);
    }
  });
}

/** The same for a call that makes a promise of its own. */
const guarded = (call) => ended((resolve, reject) => void Promise.resolve(call()).then(resolve, reject));

/** A Durable Object whose work is done by the Rust class of the same name. */
const guard = (Rust) =>
  class extends DurableObject {
    inner;
    constructor(ctx, env) {
      super(ctx, env);
      this.inner = new Rust(ctx, env);
    }
    fetch(request) {
      return guarded(() => this.inner.fetch(request));
    }
    alarm(info) {
      return guarded(() => this.inner.alarm(info));
    }
    webSocketMessage(socket, message) {
      return guarded(() => this.inner.webSocketMessage(socket, message));
    }
    webSocketClose(socket, code, reason, clean) {
      return guarded(() => this.inner.webSocketClose(socket, code, reason, clean));
    }
    webSocketError(socket, error) {
      return guarded(() => this.inner.webSocketError(socket, error));
    }
  };

/** Takes batches as calls of a method. */
const { ingestNow, writeWaiting } = worker.StreamObject.prototype;
export class StreamObject extends guard(worker.StreamObject) {
  /** While batches wait to be written: the promise of what became of that. */
  waiting;
  /** What other batches are at hand comes before a timer. */
  written() {
    if (this.waiting === undefined) {
      const over = () => {
        if (this.waiting === waiting) this.waiting = undefined;
      };
      const waiting = ended((resolve) => {
        setTimeout(() => {
          over();
          // after a trap nobody waits any more
          if (!isWhole()) return;
          try {
            resolve(writeWaiting.apply(this.inner));
          } catch (error) {
            reportError(error);
          }
        }, 0);
      });
      // a trap comes before the timer
      waiting.catch(over);
      this.waiting = waiting;
    }
    return this.waiting;
  }
  ingest(sensitivity, left, streams, epoch, key, buffer, brief = false) {
    const batch = [sensitivity, left, streams, epoch, key, new Uint8Array(buffer), brief];
    let answer;
    try {
      answer = isWhole() ? ingestNow.apply(this.inner, batch) : this.inner.ingestNow(...batch);
    } catch (error) {
      // a trap outside of any task: nobody else would hear of it
      reportError(error);
      throw error;
    }
    if (typeof answer === "number" && answer < 0) return this.written().then((refusal) => refusal ?? -1 - answer);
    return answer ?? guarded(() => this.inner.ingestLater(...batch));
  }
}
export const OrgObject = guard(worker.OrgObject);
export const KeyObject = guard(worker.KeyObject);

// the generated default export is a class, a WorkerEntrypoint
const Rust = worker.default;
const { begin } = worker.Requests;
export default {
  fetch(request, env, ctx) {
    const answer = ended((resolve) => {
      // making an object of a class goes through its proxy
      if (!isWhole()) new worker.Requests();
      try {
        begin(request, env, ctx, resolve);
      } catch (error) {
        // before the first wait: whatever it was, the instance is gone with all that was pending
        reportError(error);
        throw error;
      }
    });
    // not before here is the runtime about this request again: what ended it may be a trap in another
    return answer.catch(() => interrupted(request));
  },
  async queue(batch, env, ctx) {
    await guarded(() => new Rust(ctx, env).queue(batch));
  },
  async scheduled(event, env, ctx) {
    await guarded(() => new Rust(ctx, env).scheduled(event));
  },
};
