begin;
\ir fixtures.sql
select plan(24);
select pg_temp.tenant_table('public.api_keys');

select pg_temp.act_as('owner@a.test');
select is(pg_temp.refusal('select hash from public.api_keys'), '42501', 'not even an owner reads a hash');
select is(pg_temp.refusal('select * from public.api_keys'), '42501', 'nor by asking for every column');
select is(pg_temp.refusal('select id, name, scopes, last_used_at from public.api_keys'), null, 'the rest can be read');
reset role;
select is(pg_temp.refusal($$ update public.api_keys set scopes = '{ingest,root}' $$), '23514', 'an unknown scope is refused');
select is(pg_temp.refusal($$ update public.api_keys set scopes = '{}' $$), '23514', 'a key without scope is refused');
select is(pg_temp.refusal($$ update public.api_keys set hash = 'plain' $$), '23514', 'a hash must be a SHA-256');
select * from finish();
rollback;
