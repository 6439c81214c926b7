import { ConfigError, loadConfig, parseConfig } from './runtime';

const GOOD = {
  supabase_url: 'https://x.supabase.co',
  supabase_publishable_key: 'sb_publishable_1',
  api_url: '',
};

describe('runtime configuration', () => {
  it('takes the same origin when no API is named, and drops a closing slash', () => {
    expect(parseConfig(GOOD).apiUrl).toBe('');
    expect(parseConfig({ ...GOOD, api_url: 'https://api.example/' }).apiUrl).toBe('https://api.example');
  });

  it.each([null, {}, { ...GOOD, supabase_url: 'nope' }, { ...GOOD, supabase_publishable_key: '' }])(
    'refuses %j',
    (raw) => expect(() => parseConfig(raw)).toThrow(ConfigError),
  );

  it('says when the server is not there or answers an error', async () => {
    await expect(loadConfig(() => Promise.reject(new TypeError('failed')))).rejects.toThrow('did not answer');
    await expect(loadConfig(async () => new Response('', { status: 503 }))).rejects.toThrow('503');
    await expect(loadConfig(async () => new Response('<html>'))).rejects.toThrow(ConfigError);
  });
});
