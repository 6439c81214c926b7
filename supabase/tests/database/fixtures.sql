-- Two organisations with one row each in every table, a person of every role, an outsider, and helpers to act as one of them.
-- Included by each test inside its transaction.
create extension if not exists pgtap with schema extensions;

insert into auth.users (id, aud, role, email) values
  ('a0000000-0000-4000-8000-000000000001', 'authenticated', 'authenticated', 'owner@a.test'),
  ('a0000000-0000-4000-8000-000000000002', 'authenticated', 'authenticated', 'admin@a.test'),
  ('a0000000-0000-4000-8000-000000000003', 'authenticated', 'authenticated', 'member@a.test'),
  ('a0000000-0000-4000-8000-000000000004', 'authenticated', 'authenticated', 'viewer@a.test'),
  ('b0000000-0000-4000-8000-000000000001', 'authenticated', 'authenticated', 'owner@b.test'),
  ('c0000000-0000-4000-8000-000000000001', 'authenticated', 'authenticated', 'outsider@c.test');

insert into public.organizations (id, name, slug) values
  ('aaaaaaaa-0000-4000-8000-000000000000', 'A', 'tap-a'), ('bbbbbbbb-0000-4000-8000-000000000000', 'B', 'tap-b');
insert into public.members (org_id, user_id, role) values
  ('aaaaaaaa-0000-4000-8000-000000000000', 'a0000000-0000-4000-8000-000000000001', 'owner'),
  ('aaaaaaaa-0000-4000-8000-000000000000', 'a0000000-0000-4000-8000-000000000002', 'admin'),
  ('aaaaaaaa-0000-4000-8000-000000000000', 'a0000000-0000-4000-8000-000000000003', 'member'),
  ('aaaaaaaa-0000-4000-8000-000000000000', 'a0000000-0000-4000-8000-000000000004', 'viewer'),
  ('bbbbbbbb-0000-4000-8000-000000000000', 'b0000000-0000-4000-8000-000000000001', 'owner');
insert into public.api_keys (id, org_id, name, hash) values
  ('tapkeyaaaaaa', 'aaaaaaaa-0000-4000-8000-000000000000', 'a', repeat('a', 64)),
  ('tapkeybbbbbb', 'bbbbbbbb-0000-4000-8000-000000000000', 'b', repeat('b', 64));
insert into public.streams (org_id, name, event_type) values
  ('aaaaaaaa-0000-4000-8000-000000000000', 'checkout', 'log'), ('bbbbbbbb-0000-4000-8000-000000000000', 'checkout', 'log');
insert into public.anomalies (id, org_id, stream, severity) values
  ('a1000000-0000-4000-8000-000000000000', 'aaaaaaaa-0000-4000-8000-000000000000', 'checkout', 'high'),
  ('b1000000-0000-4000-8000-000000000000', 'bbbbbbbb-0000-4000-8000-000000000000', 'checkout', 'high');
insert into public.usage_counters (org_id, stream, day, events) values
  ('aaaaaaaa-0000-4000-8000-000000000000', 'checkout', '2026-11-21', 10), ('bbbbbbbb-0000-4000-8000-000000000000', 'checkout', '2026-11-21', 10);

-- From here on the session is `email`, as PostgREST would make it; `reset role` ends it.
create function pg_temp.act_as(email text) returns void language plpgsql as $$
begin
  perform set_config('request.jwt.claims', json_build_object('role', 'authenticated', 'sub', (select u.id from auth.users u where u.email = act_as.email))::text, true);
  set local role authenticated;
end $$;

create function pg_temp.act_as_role(name text) returns void language plpgsql as $$
begin
  perform set_config('request.jwt.claims', json_build_object('role', name)::text, true);
  execute format('set local role %I', name);
end $$;

-- The error code of a statement run as somebody, or null when it is allowed. Its effect is undone.
create function pg_temp.refusal(statement text) returns text language plpgsql as $$
begin
  begin
    execute statement;
    raise exception using errcode = 'TAP00';
  exception
    when sqlstate 'TAP00' then return null;
    when others then return sqlstate;
  end;
end $$;

-- Ids of the organisations whose rows of `tbl` the current role sees, as a sorted list.
create function pg_temp.visible_orgs(tbl regclass, org_column text) returns text language plpgsql as $$
declare found text;
begin
  execute format('select string_agg(distinct left(%I::text, 1), '','' order by left(%I::text, 1)) from %s where %I::text ~ ''^(aaaaaaaa|bbbbbbbb)-''', org_column, org_column, tbl, org_column) into found;
  return coalesce(found, '');
end $$;

-- 18 tests that hold for every table of a tenant.
create function pg_temp.tenant_table(tbl regclass, org_column text default 'org_id') returns setof text language plpgsql as $$
declare
  person record;
  seen text;
  code text;
  verb text;
  refused text[];
begin
  return next extensions.ok((select relrowsecurity from pg_class where oid = tbl), tbl || ' has row-level security');
  for person in select * from (values ('owner@a.test', 'a'), ('admin@a.test', 'a'), ('member@a.test', 'a'), ('viewer@a.test', 'a'), ('owner@b.test', 'b'), ('outsider@c.test', '')) p(email, sees) loop
    perform pg_temp.act_as(person.email);
    seen := pg_temp.visible_orgs(tbl, org_column);
    refused := array[
      pg_temp.refusal(format('insert into %s (%I) values (''aaaaaaaa-0000-4000-8000-000000000000'')', tbl, org_column)),
      pg_temp.refusal(format('delete from %s', tbl)),
      pg_temp.refusal(format('update %s set %I = ''bbbbbbbb-0000-4000-8000-000000000000''', tbl, org_column))];
    reset role;
    return next extensions.is(seen, person.sees, person.email || ' sees only own rows of ' || tbl);
    return next extensions.is(refused, array['42501', '42501', '42501'], person.email || ' cannot insert into, delete from or move rows of ' || tbl);
  end loop;
  foreach verb in array array['select 1 from %s', 'delete from %s', 'truncate %s'] loop
    perform pg_temp.act_as_role('anon');
    code := pg_temp.refusal(format(verb, tbl));
    reset role;
    return next extensions.is(code, '42501', 'anon cannot ' || format(verb, tbl));
  end loop;
  perform pg_temp.act_as_role('service_role');
  seen := pg_temp.visible_orgs(tbl, org_column);
  code := pg_temp.refusal(format('delete from %s where false', tbl));
  reset role;
  return next extensions.is(seen, 'a,b', 'service_role sees every row of ' || tbl);
  return next extensions.is(code, null, 'service_role may delete from ' || tbl);
end $$;
