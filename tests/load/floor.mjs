// The JavaScript floor: a Worker that does nothing, and one that inserts a row into the Durable Object that the path names.
import { DurableObject } from 'cloudflare:workers';

export class Rows extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, body TEXT)');
  }
  async fetch(request) {
    this.ctx.storage.sql.exec('INSERT INTO rows (body) VALUES (?)', await request.text());
    return new Response('ok');
  }
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith('/insert')) return env.ROWS.get(env.ROWS.idFromName(pathname)).fetch(request);
    return new Response('ok');
  },
};
