// Ways to send a first event, ready to paste: each carries the reader's own address, stream and, while it is known, key.

export interface SnippetValues {
  /** Origin of the API, without a slash at the end. */
  url: string;
  /** The key, or a name in capitals that stands for it. */
  key: string;
  stream: string;
}

export interface Snippet {
  id: string;
  name: string;
  /** Where it goes. */
  where: string;
  text: (values: SnippetValues) => string;
}

export const SNIPPETS: readonly Snippet[] = [
  {
    id: 'curl',
    name: 'curl',
    where: 'In a terminal. The answer says how many events were taken.',
    text: ({ url, key, stream }) => `curl ${url}/v1/events \\
  -H 'Authorization: Bearer ${key}' \\
  -H 'Content-Type: application/json' \\
  -d '{"stream":"${stream}","event_type":"log","data":"paid order 8123 in 41 ms"}'`,
  },
  {
    id: 'otel',
    name: 'OTel Collector',
    where: 'In the collector’s configuration. Logs, metrics and traces go over OTLP/HTTP.',
    text: ({ url, key }) => `exporters:
  otlphttp/driftlock:
    endpoint: ${url}
    headers:
      Authorization: Bearer ${key}

service:
  pipelines:
    logs:
      receivers: [otlp]
      exporters: [otlphttp/driftlock]`,
  },
  {
    id: 'python',
    name: 'Python',
    where: 'With nothing but the standard library.',
    text: ({ url, key, stream }) => `import json, urllib.request

events = [{"stream": "${stream}", "event_type": "log", "data": "paid order 8123 in 41 ms"}]
request = urllib.request.Request(
    "${url}/v1/events",
    data=json.dumps(events).encode(),
    headers={"Authorization": "Bearer ${key}", "Content-Type": "application/json"},
)
print(urllib.request.urlopen(request).read().decode())`,
  },
  {
    id: 'node',
    name: 'Node',
    where: 'Node 18 or newer, as a module (.mjs).',
    text: ({ url, key, stream }) => `const response = await fetch('${url}/v1/events', {
  method: 'POST',
  headers: { Authorization: 'Bearer ${key}', 'Content-Type': 'application/json' },
  body: JSON.stringify([
    { stream: '${stream}', event_type: 'log', data: 'paid order 8123 in 41 ms' },
  ]),
});
console.log(response.status, await response.json());`,
  },
  {
    id: 'rust',
    name: 'Rust',
    where: 'cargo add reqwest --features blocking,json; cargo add serde_json',
    text: ({ url, key, stream }) => `fn main() -> Result<(), reqwest::Error> {
    let events = serde_json::json!([
        { "stream": "${stream}", "event_type": "log", "data": "paid order 8123 in 41 ms" }
    ]);
    let answer = reqwest::blocking::Client::new()
        .post("${url}/v1/events")
        .bearer_auth("${key}")
        .json(&events)
        .send()?
        .text()?;
    println!("{answer}");
    Ok(())
}`,
  },
  {
    id: 'vector',
    name: 'Vector',
    where: 'In vector.yaml; put your own source in place of my_source.',
    text: ({ url, key, stream }) => `transforms:
  driftlock_events:
    type: remap
    inputs: [my_source]
    source: |
      . = {
        "stream": "${stream}",
        "event_type": "log",
        "timestamp": .timestamp,
        "data": .message,
      }

sinks:
  driftlock:
    type: http
    inputs: [driftlock_events]
    uri: ${url}/v1/events
    method: post
    encoding:
      codec: json
    framing:
      method: newline_delimited
    request:
      headers:
        Content-Type: application/x-ndjson
    auth:
      strategy: bearer
      token: ${key}`,
  },
  {
    id: 'fluent-bit',
    name: 'Fluent Bit',
    where: 'In fluent-bit.conf, for records whose text is in “log”.',
    text: ({ url, key, stream }) => {
      const { hostname, port, protocol } = new URL(url);
      const tls = protocol === 'https:';
      return `[FILTER]
    Name     modify
    Match    *
    Rename   log data
    Set      stream ${stream}

[OUTPUT]
    Name              http
    Match             *
    Host              ${hostname}
    Port              ${port || (tls ? 443 : 80)}
    Tls               ${tls ? 'On' : 'Off'}
    Uri               /v1/events
    Format            json
    Json_date_key     timestamp
    Json_date_format  iso8601
    Header            Authorization Bearer ${key}`;
    },
  },
];
