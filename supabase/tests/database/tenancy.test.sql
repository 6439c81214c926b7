-- What people cannot do to their own organisation, first organisations, and retention.
begin;
\ir fixtures.sql
select plan(27);

select pg_temp.act_as('owner@a.test');
select is(pg_temp.refusal($$ update public.organizations set plan = 'enterprise' $$), '42501', 'an owner cannot raise the plan');
select is(pg_temp.refusal($$ update public.organizations set requests_per_minute = 1000000 $$), '42501', 'or the request limit');
select is(pg_temp.refusal($$ insert into public.usage_counters (org_id, stream, day) values ('aaaaaaaa-0000-4000-8000-000000000000', 'x', '2026-11-21') $$), '42501', 'or forge usage');
select is(pg_temp.refusal($$ update public.usage_counters set events = 0 $$), '42501', 'or lower it');
select is(pg_temp.refusal('select hash from public.api_keys'), '42501', 'or read a key''s hash');
select is(pg_temp.refusal('select * from public.sign_ups'), '42501', 'or see who signs up');
select is(pg_temp.refusal($$ select public.create_organization('a0000000-0000-4000-8000-000000000001', 'x', null, '{}') $$), '42501', 'or call the Worker''s functions');
select is(pg_temp.refusal($$ select public.update_organization('aaaaaaaa-0000-4000-8000-000000000000', '{"name":"x"}', '{}') $$), '42501', 'none of them');
select is(pg_temp.refusal($$ select public.apply_retention('{}', now()) $$), '42501', 'nor the hourly job');
select is(pg_temp.refusal($$ select private.abandoned_users(now(), 1) $$), '42501', 'nor what it looks at');
select is(pg_temp.refusal($$ select private.user_by_email('owner@b.test') $$), '42501', 'nor find people by address');
reset role;
select is((select count(*)::int from pg_proc p where p.pronamespace = 'public'::regnamespace and has_function_privilege('authenticated', p.oid, 'execute')
  -- these run with the person's own rights
  and p.oid not in ('public.export_tables()'::regprocedure, 'public.export_page(uuid, text, jsonb, int)'::regprocedure,
    'public.usage_details(uuid, date, date, text)'::regprocedure, 'public.verify_audit(uuid)'::regprocedure)), 0, 'people can execute no other function in public');

select pg_temp.act_as_role('service_role');
select public.remember_sign_up('Outsider@C.test', 'Gamma & Co.', 'growth');
select is(public.recall_sign_up('outsider@c.test'), '{"company":"Gamma & Co.","plan":"growth"}'::jsonb, 'a sign-up is remembered');
create temporary table made as select public.complete_onboarding('c0000000-0000-4000-8000-000000000001', 'Gamma & Co.', 'growth',
  jsonb_build_object('id', 'firstkey0001', 'name', 'First key', 'hash', repeat('d', 64), 'scopes', '["ingest"]'::jsonb, 'environment', 'live'), '{}') as answer;
select is((select answer ->> 'created' from made), 'true', 'a first organisation is made');
select is((select answer -> 'organization' ->> 'plan' from made), 'developer', 'as a developer''s, whatever was wished for');
select results_eq($$ select k.name, m.role::text, o.requested_plan, s.name from public.api_keys k join public.organizations o on o.id = k.org_id join public.members m on m.org_id = o.id join public.streams s on s.org_id = o.id where k.id = 'firstkey0001' $$,
  $$ values ('First key', 'owner', 'growth', 'getting-started') $$, 'with owner, key and stream');
select is(public.complete_onboarding('c0000000-0000-4000-8000-000000000001', 'x', null, '{}', '{}') ->> 'created', 'false', 'once');
select is(pg_temp.refusal($$ select public.update_organization('aaaaaaaa-0000-4000-8000-000000000000', '{"time_zone":"Mars/Base"}', '{}') $$), 'PT400', 'an unknown time zone is refused');
select is(public.update_organization('aaaaaaaa-0000-4000-8000-000000000000', '{"time_zone":"Europe/Berlin","plan":"growth"}', '{}') ->> 'plan', 'developer', 'a patch changes settings only');

update public.anomalies set detected_at = '2026-01-01' where id = 'a1000000-0000-4000-8000-000000000000';
update public.anomalies set detected_at = '2026-11-20' where id = 'b1000000-0000-4000-8000-000000000000';
select is((public.apply_retention('{"developer":30}', '2026-11-21T00:00:00Z') ->> 'anomalies')::int, 1, 'what is older than the plan keeps goes');
select isnt_empty($$ select 1 from public.anomalies where id = 'b1000000-0000-4000-8000-000000000000' $$, 'the rest stays');
reset role;

select pg_temp.act_as_role('service_role');
select is(pg_temp.refusal($$ select public.delete_organization('aaaaaaaa-0000-4000-8000-000000000000', '{"id":"a0000000-0000-4000-8000-000000000002"}') $$), 'PT403', 'an admin does not delete the organisation');
select public.delete_organization('aaaaaaaa-0000-4000-8000-000000000000', '{"id":"a0000000-0000-4000-8000-000000000001"}');
select is(public.restore_organization('aaaaaaaa-0000-4000-8000-000000000000', '{"id":"a0000000-0000-4000-8000-000000000001"}') ->> 'name', 'A', 'a deleted one can be restored');
select public.delete_organization('aaaaaaaa-0000-4000-8000-000000000000', '{"id":"a0000000-0000-4000-8000-000000000001"}');
select is((public.apply_retention('{"developer":30}', now() + interval '29 days') ->> 'organizations')::int, 0, 'for 30 days');
select is((public.apply_retention('{"developer":30}', now() + interval '31 days') ->> 'organizations')::int, 1, 'then it goes');
reset role;
select is_empty($$ select 1 from public.members where org_id = 'aaaaaaaa-0000-4000-8000-000000000000' union all select 1 from public.audit_log where org_id = 'aaaaaaaa-0000-4000-8000-000000000000' $$, 'with everything');
insert into auth.users (id, aud, role, email, created_at) values ('d0000000-0000-4000-8000-000000000001', 'authenticated', 'authenticated', 'gone@d.test', '2026-01-01');
select ok('d0000000-0000-4000-8000-000000000001' in (select public.abandoned_users('2026-02-01', 10)), 'an account that was never confirmed is abandoned');
select * from finish();
rollback;
