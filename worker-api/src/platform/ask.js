// A round trip to a Durable Object in one call and one promise: each crossing between wasm and the runtime, and each time that
// Rust is woken up, costs more than the few bytes it carries.

/**
 * `body`: a view of wasm's memory, copied before the first wait.
 * Answers the text of a 200, for anything else `[status, text, retry-after]`.
 */
export async function ask(stub, url, method, body) {
  const response = await stub.fetch(url, { method, body: body?.slice() });
  const text = await response.text();
  return response.status === 200 ? text : [response.status, text, response.headers.get("retry-after")];
}

// Making an id of a name costs two hashes; an id is the same for good.
const ids = new Map();
const MOST = 1000;

function idOf(namespace, name) {
  let id = ids.get(name);
  if (id === undefined) {
    if (ids.size >= MOST) ids.clear();
    id = namespace.idFromName(name);
    ids.set(name, id);
  }
  return id;
}

/**
 * Hands a batch to the object of a stream, as a call of its method: without the request and answer that `fetch` makes. Promises the text
 * of its answer, a number that stands for one, or `[status, text, seconds]`.
 */
export function ingest(env, name, sensitivity, left, streams, epoch, key, batch) {
  // the bare buffer: the runtime writes and reads it quicker than a view of it
  return env.STREAM.get(idOf(env.STREAM, name)).ingest(sensitivity, left, streams, epoch, key, batch.slice().buffer, true);
}
