-- What must hold for every table and function, also those that nobody thought to test.
begin;
\ir fixtures.sql
select plan(9);
select is_empty(
  $$ select c.oid::regclass::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relrowsecurity $$,
  'every table in public has row-level security');
select is_empty(
  $$ select c.oid::regclass::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S')
     and (has_table_privilege('anon', c.oid, 'select') or has_any_column_privilege('anon', c.oid, 'select, insert, update')) $$,
  'anon has no grant on anything in public');
select is_empty(
  $$ select p.oid::regprocedure::text from pg_proc p where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
     and has_function_privilege('anon', p.oid, 'execute') $$,
  'anon can execute no function of ours');
select is_empty(
  $$ select p.oid::regprocedure::text from pg_proc p where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
     and not coalesce(array_to_string(p.proconfig, ',') ~ 'search_path=', false) $$,
  'every function fixes its search_path');
select is_empty(
  $$ select c.oid::regclass::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
     and not has_table_privilege('service_role', c.oid, 'select') $$,
  'service_role can read every table');
select is_empty(
  $$ select con.conrelid::regclass || '.' || con.conname from pg_constraint con where con.contype = 'f' and con.connamespace = 'public'::regnamespace
     and not exists (select from pg_index i where i.indrelid = con.conrelid and (i.indkey::int2[])[0:cardinality(con.conkey) - 1] @> con.conkey) $$,
  'every foreign key is indexed');
-- a new table is put on one of the two sides on purpose
select is(
  (select string_agg(c.oid::regclass::text, ', ' order by c.oid::regclass::text) from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S')
     and not has_any_column_privilege('authenticated', c.oid, 'select')),
  'billing_mails, plan_price_map, purges, sign_ups, stripe_events',
  'what the Worker keeps to itself, and nothing else, is unreadable for people');
select is_empty(
  $$ select c.oid::regclass::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relname in ('billing_mails', 'plan_price_map', 'purges', 'sign_ups', 'stripe_events')
     and (has_table_privilege('authenticated', c.oid, 'select, insert, update, delete, truncate, references, trigger')
       or has_any_column_privilege('authenticated', c.oid, 'select, insert, update, references')) $$,
  'people have no privilege at all on it');
select is(
  (select string_agg(may.what, ', ' order by may.what) from (
     select format('%s %s(%s)', p.privilege, c.oid::regclass, a.attname) from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     cross join (values ('insert'), ('update'), ('references')) as p (privilege)
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and has_column_privilege('authenticated', c.oid, a.attnum, p.privilege)
     union all
     select format('%s %s', p.privilege, c.oid::regclass) from pg_class c cross join (values ('insert'), ('update'), ('delete'), ('truncate'), ('references'), ('trigger')) as p (privilege)
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and has_table_privilege('authenticated', c.oid, p.privilege)) as may (what)),
  'update anomalies(status), update anomalies(status_changed_at), update anomalies(status_changed_by)',
  'people write the status of anomalies and nothing else');
select * from finish();
rollback;
