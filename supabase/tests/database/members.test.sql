begin;
\ir fixtures.sql
select plan(21);
select pg_temp.tenant_table('public.members');

select pg_temp.act_as('viewer@a.test');
select results_eq('select count(*)::int from public.members', array[4], 'a viewer sees the people of the own organisation');
select is(pg_temp.refusal($$ update public.members set role = 'owner' where user_id = auth.uid() $$), '42501', 'nobody raises their own role');
reset role;
delete from auth.users where email = 'viewer@a.test';
select is_empty($$ select 1 from public.members where user_id = 'a0000000-0000-4000-8000-000000000004' $$, 'a deleted user is no member');
select * from finish();
rollback;
