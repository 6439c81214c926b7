-- Whoever was removed or demoted a moment ago changes nothing more, whatever the Worker still remembers of them.
begin;
\ir fixtures.sql
select plan(35);
create temporary table calls (name text, statement text);
grant select on calls to service_role;
insert into calls values
  ('create_api_key', $$ select public.create_api_key('aaaaaaaa-0000-4000-8000-000000000000', jsonb_build_object('id', 'lastingkey01', 'name', 'k', 'hash', repeat('c', 64), 'scopes', '["admin"]'::jsonb, 'environment', 'live'), %L) $$),
  ('regenerate_api_key', $$ select public.regenerate_api_key('aaaaaaaa-0000-4000-8000-000000000000', 'tapkeyaaaaaa', jsonb_build_object('id', 'lastingkey01', 'hash', repeat('c', 64)), now(), %L) $$),
  ('revoke_api_key', $$ select public.revoke_api_key('aaaaaaaa-0000-4000-8000-000000000000', 'tapkeyaaaaaa', now(), %L) $$),
  ('update_organization', $$ select public.update_organization('aaaaaaaa-0000-4000-8000-000000000000', '{"name":"x"}', %L) $$),
  ('set_stream_sensitivity', $$ select public.set_stream_sensitivity('aaaaaaaa-0000-4000-8000-000000000000', 'checkout', 0.5, %L) $$),
  ('set_stream_shards', $$ select public.set_stream_shards('aaaaaaaa-0000-4000-8000-000000000000', 'checkout', 2, %L) $$),
  ('set_redaction', $$ select public.set_redaction('aaaaaaaa-0000-4000-8000-000000000000', 'mask', null, %L) $$),
  ('delete_stream', $$ select public.delete_stream('aaaaaaaa-0000-4000-8000-000000000000', 'checkout', %L) $$);
create function pg_temp.as_actor(statement text, actor jsonb) returns text language sql as $$
  select pg_temp.refusal(format(statement, actor))
$$;

select pg_temp.act_as_role('service_role');
select is(pg_temp.as_actor(c.statement, '{"type":"person","id":"a0000000-0000-4000-8000-000000000002"}'), null, c.name || ' by an admin') from calls c;
select is(pg_temp.as_actor(c.statement, '{"type":"person","id":"a0000000-0000-4000-8000-000000000003"}'), 'PT403', c.name || ' by a member') from calls c;
select is(pg_temp.as_actor(c.statement, '{"type":"person","id":"b0000000-0000-4000-8000-000000000001"}'), 'PT404', c.name || ' by somebody who does not belong to it') from calls c;
select is(pg_temp.as_actor(c.statement, '{"type":"key","id":"tapkeyaaaaaa"}'), null, c.name || ' by a key, whose scope the Worker has checked') from calls c where c.name <> 'set_stream_shards';
select is(pg_temp.as_actor(c.statement, '{"type":"system","id":"hot-stream"}'), null, c.name || ' by the Worker itself') from calls c where c.name = 'set_stream_shards';
select is(pg_temp.as_actor($$ select public.set_hard_cap('aaaaaaaa-0000-4000-8000-000000000000', true, %L) $$, jsonb_build_object('type', 'person', 'id', o.id)), o.expected, 'set_hard_cap ' || o.who)
  from (values ('a0000000-0000-4000-8000-000000000001', null, 'by an owner'), ('a0000000-0000-4000-8000-000000000002', 'PT403', 'by an admin'),
    ('c0000000-0000-4000-8000-000000000001', 'PT404', 'by an outsider')) as o (id, expected, who);
select * from finish();
rollback;
