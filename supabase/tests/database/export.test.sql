-- The export's functions: whose rows they give, which columns, and that pages join without loss.
begin;
\ir fixtures.sql
select plan(13);

create function pg_temp.page(org text, tbl text, after jsonb default null, most int default 10) returns jsonb language sql as $$
  select public.export_page((org || substr('aaaaaaaa-0000-4000-8000-000000000000', 9))::uuid, tbl, after, most)
$$;

select pg_temp.act_as('admin@a.test');
select is(jsonb_array_length(pg_temp.page('aaaaaaaa', 'anomalies') -> 'rows'), 1, 'an admin gets the own organisation''s anomalies');
select is(jsonb_array_length(pg_temp.page('bbbbbbbb', 'anomalies') -> 'rows'), 0, 'and none of another');
select is(jsonb_array_length(pg_temp.page('bbbbbbbb', 'organizations') -> 'rows'), 0, 'nor that organisation itself');
select is(pg_temp.page('aaaaaaaa', 'organizations') -> 'rows' -> 0 ->> 'name', 'A', 'but the own one');
select is(jsonb_array_length(pg_temp.page('aaaaaaaa', 'members') -> 'rows'), 4, 'members');
select is(pg_temp.page('aaaaaaaa', 'members', null, 1) -> 'rows' -> 0 ->> 'email', 'owner@a.test', 'with their addresses');
select ok(not (pg_temp.page('aaaaaaaa', 'api_keys') -> 'rows' -> 0 ? 'hash'), 'keys without their hashes');
select results_eq(
  $$ with recursive pages as (
       select pg_temp.page('aaaaaaaa', 'audit_log', null, 2) as p
       union all select pg_temp.page('aaaaaaaa', 'audit_log', p -> 'next', 2) from pages where p -> 'next' <> 'null'::jsonb)
     select (e ->> 'seq')::bigint from pages, jsonb_array_elements(p -> 'rows') e $$,
  $$ select seq from public.audit_log order by seq $$, 'pages join without loss or repetition');
select is(pg_temp.refusal($$ select pg_temp.page('aaaaaaaa', 'pg_authid') $$), 'PT404', 'only tables of organisations');
select ok(not public.export_tables() ? 'sign_ups', 'what people may not read is not offered');
reset role;
select pg_temp.act_as_role('anon');
select is(pg_temp.refusal($$ select public.export_tables() $$), '42501', 'anon cannot ask');
reset role;
select pg_temp.act_as('owner@a.test');
select is(pg_temp.refusal($$ select public.note_export('bbbbbbbb-0000-4000-8000-000000000000', '{}') $$), '42501', 'people cannot write that somebody exported');
reset role;
select pg_temp.act_as_role('service_role');
select ok(public.note_export('aaaaaaaa-0000-4000-8000-000000000000', '{"type":"person","id":"a0000000-0000-4000-8000-000000000001"}'), 'the Worker can');
reset role;
select * from finish();
rollback;
