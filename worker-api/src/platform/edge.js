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
const shared = [];

function headersOf(lines) {
  const parts = lines.split("\n");
  const headers = new Headers();
  for (let i = 0; i + 1 < parts.length; i += 2) headers.append(parts[i], parts[i + 1]);
  return headers;
}

/**
 * `common` and `own`: lines, name and value in turn. The common ones are remembered by their number, and said the first time only.
 * `body`: a view of wasm's memory, copied.
 */
export function respond(status, number, common, own, body) {
  const headers = common === undefined ? shared[number] : headersOf(common);
  const response = new Response(body.length === 0 ? null : body.slice(), { status, headers });
  const parts = own.split("\n");
  for (let i = 0; i + 1 < parts.length; i += 2) response.headers.append(parts[i], parts[i + 1]);
  // not before here, where nothing throws any more: else it would be remembered here and not by Rust
  shared[number] = headers;
  return response;
}
