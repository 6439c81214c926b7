// The part of Supabase Auth's admin API (/auth/v1/admin/users) that @supabase/lite lacks, on the same tables.
import crypto from 'node:crypto';
import bcrypt from 'bcryptjs';

const json = (status, body, headers = {}) => Response.json(body, { status, headers });
export const authError = (status, code, message) => json(status, { code: status, error_code: code, msg: message });

const publicUser = (row) => ({
  id: row.id, aud: row.aud, role: row.role, email: row.email, phone: row.phone ?? '',
  email_confirmed_at: row.email_confirmed_at, confirmed_at: row.confirmed_at, last_sign_in_at: row.last_sign_in_at,
  app_metadata: row.raw_app_meta_data, user_metadata: row.raw_user_meta_data, identities: [],
  created_at: row.created_at, updated_at: row.updated_at, is_anonymous: row.is_anonymous,
});

// low: these passwords guard nothing but a local stack, and tests make many
const COST = 6;
const hash = (password) => (password ? bcrypt.hash(password, COST) : null);

export function createAdminApi(pool) {
  const query = (sql, values) => pool.query(sql, values);

  async function list(url) {
    const perPage = Number(url.searchParams.get('per_page') ?? 50);
    const page = Number(url.searchParams.get('page') ?? 1);
    const { rows } = await query('select * from auth.users order by created_at desc limit $1 offset $2', [perPage, (page - 1) * perPage]);
    const total = (await query('select count(*)::int as total from auth.users')).rows[0].total;
    return json(200, { users: rows.map(publicUser), aud: 'authenticated' }, { 'x-total-count': String(total) });
  }

  async function create(input) {
    if (!input.email) return authError(400, 'validation_failed', 'Cannot create a user without either an email or phone');
    const taken = await query('select 1 from auth.users where email = lower($1)', [input.email]);
    if (taken.rowCount) return authError(422, 'email_exists', 'A user with this email address has already been registered');
    const id = input.id ?? crypto.randomUUID();
    const appMetadata = { provider: 'email', providers: ['email'], ...input.app_metadata };
    const { rows } = await query(
      `insert into auth.users (id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data, raw_user_meta_data)
       values ($1, 'authenticated', $2, lower($3), $4, $5, $6, $7) returning *`,
      [id, input.role ?? 'authenticated', input.email, await hash(input.password), input.email_confirm ? new Date() : null, appMetadata, input.user_metadata ?? {}],
    );
    await query(
      `insert into auth.identities (id, provider, provider_id, user_id, identity_data) values ($1, 'email', $2::text, $2::text::uuid, $3)`,
      [crypto.randomUUID(), id, { email: input.email.toLowerCase(), sub: id, email_verified: !!input.email_confirm, phone_verified: false }],
    );
    return json(200, publicUser(rows[0]));
  }

  async function update(id, input) {
    const { rows } = await query(
      `update auth.users set
         email = coalesce(lower($2), email), encrypted_password = coalesce($3, encrypted_password),
         raw_app_meta_data = raw_app_meta_data || coalesce($4, '{}'::jsonb), raw_user_meta_data = raw_user_meta_data || coalesce($5, '{}'::jsonb),
         email_confirmed_at = case when $6 then now() else email_confirmed_at end, updated_at = now()
       where id = $1 returning *`,
      [id, input.email ?? null, await hash(input.password), input.app_metadata ?? null, input.user_metadata ?? null, !!input.email_confirm],
    );
    return json(200, publicUser(rows[0]));
  }

  /** Answers a request whose caller is known to be service_role. */
  return async function admin(request, url) {
    const [, , , , , id] = url.pathname.split('/');
    if (!id && request.method === 'GET') return list(url);
    if (!id && request.method === 'POST') return create(await request.json());
    const found = /^[0-9a-f-]{36}$/i.test(id ?? '') ? await query('select * from auth.users where id = $1', [id]) : { rowCount: 0 };
    if (!found.rowCount) return authError(404, 'user_not_found', 'User not found');
    if (request.method === 'GET') return json(200, publicUser(found.rows[0]));
    if (request.method === 'PUT') return update(id, await request.json());
    if (request.method === 'DELETE') {
      await query('delete from auth.users where id = $1', [id]);
      return json(200, {});
    }
    return authError(405, 'not_supported', 'not implemented in the local stack');
  };
}
