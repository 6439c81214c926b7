begin;
\ir fixtures.sql
select plan(18);
insert into public.usage_alerts values
  ('aaaaaaaa-0000-4000-8000-000000000000', '2026-11-01', 70, now()), ('bbbbbbbb-0000-4000-8000-000000000000', '2026-11-01', 70, now());
select pg_temp.tenant_table('public.usage_alerts');
select * from finish();
rollback;
