-- What must hold for every table and function, also those that nobody thought to test.
begin;
\ir fixtures.sql
select plan(6);
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
select * from finish();
rollback;
