-- Credentials of programs. Only the SHA-256 of a key is kept; people never see even that.
create table public.api_keys (
  id text primary key check (id ~ '^[a-z0-9]{12}$'),
  org_id uuid not null references public.organizations on delete cascade,
  name text not null check (char_length(name) between 1 and 120),
  hash text not null unique check (hash ~ '^[0-9a-f]{64}$'),
  scopes text[] not null default '{ingest}' check (scopes <@ array['ingest', 'read', 'write', 'admin'] and cardinality(scopes) > 0),
  stream_prefix text check (stream_prefix ~ '^[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}$'),
  environment text not null default 'live' check (environment in ('live', 'test')),
  created_by uuid,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  expires_at timestamptz,
  revoked_at timestamptz
);
create index api_keys_org_id on public.api_keys (org_id, created_at desc);
comment on column public.api_keys.id is 'The public part of the key, between its prefix and its secret.';
comment on column public.api_keys.hash is 'Hex SHA-256 of the whole key string.';
comment on column public.api_keys.stream_prefix is 'When set, the key reaches only streams whose names begin so.';

alter table public.api_keys enable row level security;
create policy api_keys_read on public.api_keys for select to authenticated
  using (org_id in (select private.my_orgs()));

-- every column but the hash
grant select (id, org_id, name, scopes, stream_prefix, environment, created_by, created_at, last_used_at, expires_at, revoked_at)
  on public.api_keys to authenticated;
grant select, insert, update, delete on public.api_keys to service_role;
