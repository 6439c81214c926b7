// The answer to a request that a trap in wasm ended. A trap ends all that was pending in the isolate, mostly requests that have
// nothing to do with it: where sending one again does no harm, it answers 503 with Retry-After, which clients obey; else 500.

/** OTLP clients drop what is answered 500; a request that comes again is recognised by its body. */
const OTLP = new Set(["/v1/logs", "/v1/metrics", "/v1/traces"]);
/** Here an Idempotency-Key makes a second time the first. */
const KEYED = new Set(["/v1/events", "/v1/anomalies", "/anomalies"]);
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

const RETRY_SECONDS = "2";
/** UNAVAILABLE of google/rpc/code.proto. */
const UNAVAILABLE = 14;
const MESSAGE = "dependency_unavailable: the request was interrupted; send it again";

function isRepeatable(request, path) {
  return IDEMPOTENT.has(request.method) || (KEYED.has(path) && request.headers.has("idempotency-key"));
}

/** `google.rpc.Status` { 1: code, 2: message } in protobuf. */
function statusBytes() {
  const message = new TextEncoder().encode(MESSAGE); // below 128 bytes, so that its length is one byte
  return Uint8Array.of(0x08, UNAVAILABLE, 0x12, message.length, ...message);
}

const PROBLEMS = {
  500: ["internal_error", "Something went wrong inside Driftlock", "the request could not be completed; quote the request id"],
  503: ["dependency_unavailable", "A service that this route needs is not available", "the request was interrupted; send it again"],
};

/** The answer to `request`. */
export function interrupted(request) {
  const path = new URL(request.url).pathname;
  const request_id = request.headers.get("cf-ray") ?? crypto.randomUUID().replaceAll("-", "");
  const headers = { "cache-control": "no-store", "request-id": request_id, "x-content-type-options": "nosniff" };
  if (request.method === "POST" && OTLP.has(path)) {
    const type = (request.headers.get("content-type") ?? "").split(";")[0].trim().toLowerCase();
    const isProtobuf = type === "application/x-protobuf" || type === "application/protobuf";
    const body = isProtobuf ? statusBytes() : JSON.stringify({ code: UNAVAILABLE, message: MESSAGE });
    const content = isProtobuf ? "application/x-protobuf" : "application/json";
    return new Response(body, { status: 503, headers: { ...headers, "content-type": content, "retry-after": RETRY_SECONDS } });
  }
  const status = isRepeatable(request, path) ? 503 : 500;
  const [code, title, detail] = PROBLEMS[status];
  const type = `https://github.com/driftlock/driftlock/blob/main/docs/API.md#${code}`;
  const body = JSON.stringify({ type, title, status, detail, code, errors: [], request_id });
  headers["content-type"] = "application/problem+json";
  if (status === 503) headers["retry-after"] = RETRY_SECONDS;
  return new Response(body, { status, headers });
}
