-- Helpers that are no part of the API: PostgREST exposes only `public`.
create schema private;
grant usage on schema private to authenticated, service_role;

create function private.touch_updated_at() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.updated_at := now();
  return new;
end $$;
revoke execute on function private.touch_updated_at() from public;

comment on schema private is 'Functions used by policies and triggers; not exposed over HTTP.';
