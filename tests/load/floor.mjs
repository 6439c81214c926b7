// The JavaScript floor: a Worker that does nothing, and one that inserts a row into a Durable Object.
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
    if (new URL(request.url).pathname === '/insert') return env.ROWS.get(env.ROWS.idFromName('one')).fetch(request);
    return new Response('ok');
  },
};
