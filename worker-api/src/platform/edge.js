// Requests and answers between the runtime and Rust, each in one call: a crossing for every header would cost more than all that is
// done with them. No header's name or value can hold a line break.

/** Method, URL and headers, a line each: name and value in turn. */
export function head(request) {
  let lines = request.method + "\n" + request.url;
  // an iterator would make an array of each
  request.headers.forEach((value, name) => {
    lines += "\n" + name + "\n" + value;
  });
  return lines;
}

// Headers that most answers have in common, made once: a copy of these costs a fifth of what reading them from lines does.
const shared = new Map();
const MOST = 50;

function headersOf(lines) {
  const parts = lines.split("\n");
  const headers = new Headers();
  for (let i = 0; i + 1 < parts.length; i += 2) headers.append(parts[i], parts[i + 1]);
  return headers;
}

/**
 * `common` and `own`: lines, name and value in turn; the common ones are remembered. `body`: a view of wasm's memory, copied.
 */
export function respond(status, common, own, body) {
  let headers = shared.get(common);
  if (headers === undefined) {
    headers = headersOf(common);
    if (shared.size >= MOST) shared.clear();
    shared.set(common, headers);
  }
  const response = new Response(body.length === 0 ? null : body.slice(), { status, headers });
  const parts = own.split("\n");
  for (let i = 0; i + 1 < parts.length; i += 2) response.headers.append(parts[i], parts[i + 1]);
  return response;
}
