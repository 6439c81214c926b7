-- What a hosted Supabase project has before its first migration runs. Applied once, by the superuser supabase_admin.
-- `postgres`, which owns our tables, is no superuser there and is none here: a migration that needs one must fail at home.
create role postgres login createdb createrole bypassrls replication password 'postgres';
create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role authenticator login noinherit password 'authenticator';
create role supabase_auth_admin login noinherit createrole password 'postgres';
grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role to postgres with admin option;
grant supabase_auth_admin to postgres;
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';

-- No default privileges on new tables, as on hosted projects since 2026-10-30: a migration that forgets a grant fails here.
-- Functions keep PostgreSQL's default (EXECUTE to PUBLIC), so migrations must revoke it.
alter database postgres owner to postgres;
grant all on schema public to postgres with grant option;
grant usage on schema public to anon, authenticated, service_role;

create schema extensions authorization postgres;
grant usage on schema extensions to public;
create extension pgcrypto with schema extensions;
create extension "uuid-ossp" with schema extensions;
create extension pg_stat_statements with schema extensions;
alter database postgres set search_path to "$user", public, extensions;

grant create on database postgres to supabase_auth_admin;
create schema auth authorization supabase_auth_admin;
grant usage on schema auth to anon, authenticated, service_role, postgres;
alter role supabase_auth_admin set search_path = auth;

-- PostgREST reloads its schema cache on DDL
create function extensions.pgrst_watch() returns event_trigger language plpgsql as $$
begin
  notify pgrst, 'reload schema';
end $$;
create event trigger pgrst_ddl_watch on ddl_command_end execute function extensions.pgrst_watch();
create event trigger pgrst_drop_watch on sql_drop execute function extensions.pgrst_watch();
