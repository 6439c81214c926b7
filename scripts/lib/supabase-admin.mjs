// The few calls with a project's secret key that setting up organisations and users needs; works with any Supabase URL.

/** Throws with the answer's text unless it is a success. */
async function call(url, secretKey, { method = 'GET', body, prefer } = {}) {
  const headers = { apikey: secretKey, 'content-type': 'application/json', ...(prefer && { prefer }) };
  if (secretKey.split('.').length === 3) headers.authorization = `Bearer ${secretKey}`; // a legacy service-role JWT
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw Object.assign(new Error(`${method} ${new URL(url).pathname} answered ${response.status}: ${text.slice(0, 300)}`), { status: response.status });
  return text ? JSON.parse(text) : null;
}

export function supabaseAdmin({ url, secretKey }) {
  const rest = (path, options) => call(`${url}/rest/v1/${path}`, secretKey, options);
  const auth = (path, options) => call(`${url}/auth/v1/admin/${path}`, secretKey, options);

  async function findUser(email) {
    for (let page = 1; ; page += 1) {
      const { users } = await auth(`users?per_page=200&page=${page}`);
      const found = users.find((user) => user.email === email);
      if (found || users.length < 200) return found ?? null;
    }
  }

  return {
    select: (path) => rest(path),
    rpc: (name, args) => rest(`rpc/${name}`, { method: 'POST', body: args }),
    insert: (table, rows) => rest(table, { method: 'POST', body: rows, prefer: 'resolution=ignore-duplicates,return=minimal' }),
    remove: (path) => rest(path, { method: 'DELETE', prefer: 'return=minimal' }),
    update: (path, values) => rest(path, { method: 'PATCH', body: values, prefer: 'return=minimal' }),
    /** A confirmed user with this password, made or brought up to date. Returns its id. */
    async ensureUser(email, password) {
      try {
        return (await auth('users', { method: 'POST', body: { email, password, email_confirm: true } })).id;
      } catch (error) {
        if (error.status !== 422) throw error;
      }
      const { id } = await findUser(email);
      await auth(`users/${id}`, { method: 'PUT', body: { password, email_confirm: true } });
      return id;
    },
  };
}

/** Signs a person in; returns the access token. */
export async function signIn({ url, publishableKey, email, password }) {
  const response = await fetch(`${url}/auth/v1/token?grant_type=password`, {
    method: 'POST',
    headers: { apikey: publishableKey, 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  const body = await response.json();
  if (!response.ok) throw new Error(`sign-in answered ${response.status}: ${JSON.stringify(body)}`);
  return body.access_token;
}
