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

export function startInbox(port) {
  const messages = [];
  const sentByKey = new Map(); // Idempotency-Key → id, as Resend keeps it

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
    if (!mail.from || !mail.to || !mail.subject) return [422, { statusCode: 422, name: 'missing_required_field', message: 'Missing `from`, `to` or `subject`' }];
    const key = headers['idempotency-key'];
    if (!key || !sentByKey.has(key)) {
      const { ID } = add(mail, 'resend');
      if (!key) return [200, { id: ID }];
      sentByKey.set(key, ID);
    }
    return [200, { id: sentByKey.get(key) }];
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
