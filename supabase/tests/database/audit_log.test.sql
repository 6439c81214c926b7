begin;
\ir fixtures.sql
select plan(48);

-- who reads it: owners and admins, their own organisation's
create function pg_temp.reads(tbl regclass) returns setof text language plpgsql as $$
declare
  person record;
  seen text;
begin
  for person in select * from (values ('owner@a.test', 'a'), ('admin@a.test', 'a'), ('member@a.test', ''), ('viewer@a.test', ''), ('owner@b.test', 'b'), ('outsider@c.test', '')) p(email, sees) loop
    perform pg_temp.act_as(person.email);
    seen := pg_temp.visible_orgs(tbl, 'org_id');
    reset role;
    return next extensions.is(seen, person.sees, person.email || ' sees of ' || tbl || ' what is theirs');
  end loop;
end $$;
select pg_temp.reads('public.audit_log');
select pg_temp.reads('public.audit_chains');

-- nobody writes it: not people, not the Worker, not even the owner of the table
create function pg_temp.writes(tbl regclass, who text) returns setof text language plpgsql as $$
declare
  statement text;
  code text;
begin
  foreach statement in array array['insert into %s (org_id) values (''aaaaaaaa-0000-4000-8000-000000000000'')', 'update %s set org_id = org_id', 'delete from %s', 'truncate %s'] loop
    if who like '%@%' then perform pg_temp.act_as(who); else perform pg_temp.act_as_role(who); end if;
    code := pg_temp.refusal(format(statement, tbl));
    reset role;
    return next extensions.is(code, '42501', who || ' cannot ' || format(statement, tbl));
  end loop;
end $$;
select pg_temp.writes('public.audit_log', 'owner@a.test');
select pg_temp.writes('public.audit_log', 'service_role');
select pg_temp.writes('public.audit_chains', 'service_role');
select pg_temp.writes('public.audit_log', 'anon');
select is(pg_temp.refusal('update public.audit_log set action = ''x'''), 'PT403', 'the table''s owner cannot change an entry');
select is(pg_temp.refusal('delete from public.audit_log'), 'PT403', 'or delete one');
select is(pg_temp.refusal('truncate public.audit_log'), 'PT403', 'or all');
select pg_temp.act_as_role('service_role');
select is(pg_temp.refusal($$ select private.append_audit('aaaaaaaa-0000-4000-8000-000000000000', 'x', 'x', 'x', null, null) $$), '42501', 'the Worker cannot write an entry of its own making');
reset role;

-- what it holds
select pg_temp.act_as_role('service_role');
select public.create_api_key('aaaaaaaa-0000-4000-8000-000000000000', jsonb_build_object('id', 'auditedkey01', 'name', 'k', 'hash', repeat('c', 64), 'scopes', '["read"]'::jsonb, 'environment', 'test'),
  '{"type":"person","id":"a0000000-0000-4000-8000-000000000001","name":"owner@a.test","address":"203.0.113.9","request_id":"r1"}');
select public.revoke_api_key('aaaaaaaa-0000-4000-8000-000000000000', 'auditedkey01', now(), '{"type":"key","id":"tapkeyaaaaaa"}');
update public.api_keys set last_used_at = now() where id = 'auditedkey01';
reset role;
select results_eq(
  $$ select action, actor_type, actor_id, address, request_id from public.audit_log where target_id = 'auditedkey01' order by seq $$,
  $$ values ('api_key.created', 'person', 'a0000000-0000-4000-8000-000000000001', '203.0.113.9', 'r1'), ('api_key.revoked', 'key', 'tapkeyaaaaaa', null, null) $$,
  'who, what and from where; a use is no change');
select ok((select not (after ? 'hash') and before is null from public.audit_log where target_id = 'auditedkey01' and action = 'api_key.created'), 'no hash is written down');
select results_eq(
  $$ select before -> 'revoked_at' = 'null'::jsonb, after ? 'revoked_at', after ? 'name' from public.audit_log where target_id = 'auditedkey01' and action = 'api_key.revoked' $$,
  $$ values (true, true, false) $$, 'before and after hold what changed');

-- tampering shows
create function pg_temp.intact() returns text language sql as $$
  select (v ->> 'intact') || coalesce(' at ' || (v ->> 'broken_at'), '') from public.verify_audit('aaaaaaaa-0000-4000-8000-000000000000') v
$$;
select is(pg_temp.intact(), 'true', 'the chain holds');
alter table public.audit_log disable trigger user;
update public.audit_log set address = '198.51.100.1' where org_id = 'aaaaaaaa-0000-4000-8000-000000000000' and seq = 3;
select is(pg_temp.intact(), 'false at 3', 'a changed entry shows');
update public.audit_log set address = null where org_id = 'aaaaaaaa-0000-4000-8000-000000000000' and seq = 3;
select is(pg_temp.intact(), 'true', 'and is whole again as it was');
savepoint holes;
delete from public.audit_log where org_id = 'aaaaaaaa-0000-4000-8000-000000000000' and seq = 4;
select is(pg_temp.intact(), 'false at 5', 'a missing entry shows');
rollback to holes;
delete from public.audit_log l where org_id = 'aaaaaaaa-0000-4000-8000-000000000000' and seq = (select max(seq) from public.audit_log k where k.org_id = l.org_id);
select is(pg_temp.intact(), 'false', 'so does a missing end');
rollback to holes;
alter table public.audit_log enable trigger user;

-- pruning from the front keeps the anchor
select pg_temp.act_as_role('service_role');
select ok(public.prune_audit('aaaaaaaa-0000-4000-8000-000000000000', 'infinity') > 5, 'old entries can be pruned');
select is(pg_temp.intact(), 'true', 'and the chain holds from its anchor');
select public.revoke_api_key('aaaaaaaa-0000-4000-8000-000000000000', 'tapkeyaaaaaa', now(), '{}');
select is(pg_temp.intact(), 'true', 'as it does with the next entry');
select ok((select (v ->> 'anchor_seq')::int + 1 = (v ->> 'first_seq')::int from public.verify_audit('aaaaaaaa-0000-4000-8000-000000000000') v), 'numbers go on after the anchor');
reset role;
select pg_temp.act_as('owner@a.test');
select is((select v ->> 'entries' from public.verify_audit('aaaaaaaa-0000-4000-8000-000000000000') v), '1', 'an owner checks the chain with their own rights');
reset role;
select pg_temp.act_as('viewer@a.test');
select is((select v ->> 'entries' from public.verify_audit('aaaaaaaa-0000-4000-8000-000000000000') v), '0', 'who does not run the organisation sees none of it');
reset role;
select pg_temp.act_as('owner@b.test');
select is((select v ->> 'last_hash' from public.verify_audit('aaaaaaaa-0000-4000-8000-000000000000') v), null, 'nor does anybody else''s owner');
reset role;
select pg_temp.act_as('owner@a.test');
select is(pg_temp.refusal($$ select public.prune_audit('aaaaaaaa-0000-4000-8000-000000000000', 'infinity') $$), '42501', 'people cannot prune');
reset role;
select * from finish();
rollback;
