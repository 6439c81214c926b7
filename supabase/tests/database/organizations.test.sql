begin;
\ir fixtures.sql
select plan(26);
select pg_temp.tenant_table('public.organizations', 'id');

select is(pg_temp.refusal($$ insert into public.organizations (name, slug) values ('x', 'tap-a') $$), '23505', 'slugs are unique');
select is(pg_temp.refusal($$ update public.organizations set plan = 'free' $$), '23514', 'an unknown plan is refused');

select is(pg_temp.refusal($$ update public.organizations set pii_rules = '[]' $$), '23514', 'redaction rules are an object');
select is(public.set_redaction('aaaaaaaa-0000-4000-8000-000000000000', 'mask', '{"action":"hash"}', '{}') ->> 'pii_policy', 'mask', 'the Worker sets them');
select results_eq($$ select slug from public.organizations where pii_rules is not null and slug in ('tap-a', 'tap-b') $$, array['tap-a'], 'for one organisation');
select pg_temp.act_as('owner@a.test');
select is(pg_temp.refusal($$ select public.set_redaction('aaaaaaaa-0000-4000-8000-000000000000', 'keep', null, '{}') $$), '42501', 'people only through the Worker');
reset role;

update public.organizations set deleted_at = now() where slug = 'tap-a';
select pg_temp.act_as('owner@a.test');
select is_empty($$ select 1 from public.organizations where slug = 'tap-a' $$, 'a deleted organisation is gone for its people');
select is_empty($$ select 1 from public.anomalies where id = 'a1000000-0000-4000-8000-000000000000' $$, 'and so are its anomalies');
reset role;
select * from finish();
rollback;
