// An inbox for the mail of the local stack: what Auth sends, and a stand-in for Resend's `POST /emails`.
// Reading API after Mailpit's: GET /api/v1/messages?to=…, GET /api/v1/message/{ID}, DELETE /. Kept in memory only.
import http from 'node:http';

const escapeHtml = (text) => String(text ?? '').replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

function page(messages) {
  const items = [...messages].reverse().map((m) => {
    const text = escapeHtml(m.Text || m.HTML.replace(/<[^>]+>/g, ' ')).replace(/https?:\/\/\S+/g, (url) => `<a href="${url}">${url}</a>`);
    return `<article><h2>${escapeHtml(m.Subject)}</h2><small>to ${escapeHtml(m.To.map((t) => t.Address).join(', '))} · ${m.Created}</small><pre>${text}</pre></article>`;
  });
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="5"><title>Local inbox</title>
<style>body{font:15px system-ui;margin:2rem auto;max-width:50rem}pre{white-space:pre-wrap;background:#f4f4f5;padding:1rem}</style>
<h1>Local inbox</h1>${items.join('') || '<p>No mail yet.</p>'}`;
}

const ADDRESS = /^(?:[^<>\r\n]*<[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+)$/;
const FIELDS = ['from', 'to', 'subject', 'text', 'html', 'cc', 'bcc', 'reply_to', 'headers', 'attachments', 'tags', 'scheduled_at', 'template', 'topic_id'];

/** What Resend would refuse a mail for; undefined if it would not. */
function refuse(mail) {
  const error = (name, message) => ({ statusCode: 422, name, message });
  const unknown = Object.keys(mail).find((name) => !FIELDS.includes(name));
  if (unknown) return error('validation_error', `Unknown field \`${unknown}\``);
  for (const name of ['from', 'to', 'subject']) if (!mail[name]?.length) return error('missing_required_field', `Missing \`${name}\` field.`);
  if (!mail.text && !mail.html) return error('missing_required_field', 'Missing `html` or `text` field.');
  if (typeof mail.from !== 'string' || !ADDRESS.test(mail.from)) return error('invalid_from_address', 'Invalid `from` field.');
  const to = [mail.to].flat();
  if (to.length > 50 || to.some((address) => typeof address !== 'string' || !ADDRESS.test(address))) return error('validation_error', 'Invalid `to` field.');
  if (typeof mail.subject !== 'string' || /[\r\n]/.test(mail.subject)) return error('validation_error', 'The `\\n` is not allowed in the `subject` field.');
}

export function startInbox(port) {
  const messages = [];
  const sentByKey = new Map(); // Idempotency-Key → {body, id}, as Resend keeps it

  function add(mail, via) {
    const message = {
      ID: String(messages.length + 1), Created: new Date().toISOString(), Via: via, From: mail.from ?? 'auth@driftlock.test',
      To: [mail.to].flat().map((Address) => ({ Address })), Subject: mail.subject, Text: mail.text ?? '', HTML: mail.html ?? '',
    };
    messages.push(message);
    return message;
  }

  function resend(headers, body) {
    if (!/^Bearer re_/.test(headers.authorization ?? '')) return [401, { statusCode: 401, name: 'missing_api_key', message: 'Missing API key' }];
    let mail;
    try {
      mail = JSON.parse(body);
    } catch {
      return [400, { statusCode: 400, name: 'validation_error', message: 'The body is not JSON' }];
    }
    const refusal = refuse(mail);
    if (refusal) return [refusal.statusCode, refusal];
    const key = headers['idempotency-key'];
    if (key === undefined) return [200, { id: add(mail, 'resend').ID }];
    if (key.length < 1 || key.length > 256) return [400, { statusCode: 400, name: 'invalid_idempotency_key', message: 'The key must be between 1-256 chars' }];
    const known = sentByKey.get(key);
    if (known && known.body !== body) return [409, { statusCode: 409, name: 'invalid_idempotent_request', message: 'Same idempotency key used with a different request payload' }];
    if (!known) sentByKey.set(key, { body, id: add(mail, 'resend').ID });
    return [200, { id: sentByKey.get(key).id }];
  }

  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, 'http://inbox');
    let body = '';
    for await (const chunk of request) body += chunk;
    const json = (status, value) => response.writeHead(status, { 'content-type': 'application/json', 'access-control-allow-origin': '*' }).end(JSON.stringify(value));
    if (request.method === 'POST' && url.pathname === '/emails') return json(...resend(request.headers, body));
    if (request.method === 'DELETE') {
      messages.length = 0;
      return json(200, {});
    }
    if (url.pathname === '/api/v1/messages') {
      const to = url.searchParams.get('to');
      const found = messages.filter((m) => !to || m.To.some((t) => t.Address === to));
      return json(200, { total: found.length, messages: found.reverse() });
    }
    const one = url.pathname.match(/^\/api\/v1\/message\/(\d+)$/);
    if (one) return messages[one[1] - 1] ? json(200, messages[one[1] - 1]) : json(404, { error: 'not found' });
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page(messages));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve({ add: (mail) => add(mail, 'auth'), messages, stop: () => closeServer(server) }));
  });
}

export function closeServer(server) {
  return new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
}
