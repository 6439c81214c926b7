// A round trip to a Durable Object in one call and one promise: each crossing between wasm and the runtime, and each time that
// Rust is woken up, costs more than the few bytes it carries.

/**
 * `headers`: lines, name and value in turn. `body`: a view of wasm's memory, copied before the first wait.
 * Answers the text of a 200, for anything else `[status, text, retry-after]`.
 */
export async function ask(stub, url, method, headers, body) {
  const init = { method, headers: {} };
  const lines = headers.split("\n");
  for (let i = 0; i + 1 < lines.length; i += 2) init.headers[lines[i]] = lines[i + 1];
  if (body !== undefined) init.body = body.slice();
  const response = await stub.fetch(url, init);
  const text = await response.text();
  return response.status === 200 ? text : [response.status, text, response.headers.get("retry-after")];
}
