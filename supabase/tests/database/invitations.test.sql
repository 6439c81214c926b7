begin;
\ir fixtures.sql
select plan(37);
insert into public.invitations (id, org_id, email, token_hash, expires_at) values
  ('a2000000-0000-4000-8000-000000000000', 'aaaaaaaa-0000-4000-8000-000000000000', 'x@a.test', repeat('1', 64), now() + interval '7 days'),
  ('b2000000-0000-4000-8000-000000000000', 'bbbbbbbb-0000-4000-8000-000000000000', 'x@b.test', repeat('2', 64), now() + interval '7 days');

create function pg_temp.reads() returns setof text language plpgsql as $$
declare
  person record;
  seen text;
  refused text[];
begin
  for person in select * from (values ('owner@a.test', 'a'), ('admin@a.test', 'a'), ('member@a.test', ''), ('viewer@a.test', ''), ('owner@b.test', 'b'), ('outsider@c.test', '')) p(email, sees) loop
    perform pg_temp.act_as(person.email);
    seen := pg_temp.visible_orgs('public.invitations', 'org_id');
    refused := array[pg_temp.refusal('insert into public.invitations (org_id) values (null)'), pg_temp.refusal('update public.invitations set role = ''admin'''),
      pg_temp.refusal('delete from public.invitations'), pg_temp.refusal('select token_hash from public.invitations')];
    reset role;
    return next extensions.is(seen, person.sees, person.email || ' sees invitations only when running the organisation');
    return next extensions.is(refused, array['42501', '42501', '42501', '42501'], person.email || ' changes none and reads no token');
  end loop;
end $$;
select pg_temp.reads();
select pg_temp.act_as_role('anon');
select is(pg_temp.refusal('select id from public.invitations'), '42501', 'anon sees none');
select is(pg_temp.refusal('select email from public.member_directory'), '42501', 'nor the directory');
reset role;

-- as the Worker calls it
create function pg_temp.actor(email text) returns jsonb language sql as $$ select jsonb_build_object('type', 'person', 'id', u.id) from auth.users u where u.email = actor.email $$;
create function pg_temp.invite(actor text, email text, role public.member_role default 'member', hash text default repeat('3', 64)) returns jsonb language sql as $$
  select public.invite_member('aaaaaaaa-0000-4000-8000-000000000000', email, role, hash, now() + interval '7 days', pg_temp.actor(actor))
$$;
grant select on auth.users to service_role;
select pg_temp.act_as_role('service_role');
select is(pg_temp.refusal($$ select pg_temp.invite('member@a.test', 'new@x.test') $$), 'PT403', 'a member cannot invite');
select is(pg_temp.refusal($$ select pg_temp.invite('owner@b.test', 'new@x.test') $$), 'PT404', 'somebody from elsewhere finds nothing to invite to');
select is(pg_temp.refusal($$ select pg_temp.invite('owner@a.test', 'new@x.test', 'owner') $$), 'PT403', 'nobody is invited as owner');
select is(pg_temp.refusal($$ select pg_temp.invite('owner@a.test', 'VIEWER@a.test') $$), 'PT409', 'who belongs already is not invited');
select is(pg_temp.invite('admin@a.test', 'OUTSIDER@c.test', 'viewer') ->> 'email', 'outsider@c.test', 'an admin invites');
select is(pg_temp.invite('admin@a.test', 'outsider@c.test', 'member', repeat('4', 64)) ->> 'role', 'member', 'again: a new link');
select is(public.find_invitation(repeat('3', 64)), null, 'the first one is void then');
select is(public.find_invitation(repeat('4', 64)) ->> 'organization', 'A', 'the second holds');
select is(pg_temp.refusal($$ select public.accept_invitation(repeat('4', 64), 'b0000000-0000-4000-8000-000000000001', '{}') $$), 'PT404', 'only for the address it went to');
select is(public.accept_invitation(repeat('4', 64), 'c0000000-0000-4000-8000-000000000001', '{}') ->> 'role', 'member', 'who accepts belongs');
select is(pg_temp.refusal($$ select public.accept_invitation(repeat('4', 64), 'c0000000-0000-4000-8000-000000000001', '{}') $$), 'PT404', 'once');
reset role;
select pg_temp.act_as('outsider@c.test');
select is(pg_temp.visible_orgs('public.members', 'org_id'), 'a', 'and sees the organisation');
select results_eq($$ select count(*)::int from public.member_directory where email is not null $$, array[5], 'with everybody''s address');
reset role;
update public.invitations set expires_at = now() - interval '1 second' where id = 'a2000000-0000-4000-8000-000000000000';
select is(public.find_invitation(repeat('1', 64)), null, 'an old invitation is void');
select pg_temp.act_as('owner@b.test');
select is_empty($$ select 1 from public.member_directory where email like '%@a.test' $$, 'nobody elsewhere sees addresses');
select is(private.colleague_email('a0000000-0000-4000-8000-000000000001'), null, 'also not by asking directly');
reset role;

-- roles and owners
select pg_temp.act_as_role('service_role');
select is(pg_temp.refusal($$ select public.change_role('aaaaaaaa-0000-4000-8000-000000000000', 'a0000000-0000-4000-8000-000000000001', 'admin', pg_temp.actor('owner@a.test')) $$), 'PT409', 'the last owner is not demoted');
select is(pg_temp.refusal($$ select public.remove_member('aaaaaaaa-0000-4000-8000-000000000000', 'a0000000-0000-4000-8000-000000000001', pg_temp.actor('owner@a.test')) $$), 'PT409', 'and does not leave');
select is(pg_temp.refusal($$ delete from public.members where role = 'owner' $$), 'PT409', 'also not by a plain delete');
select is(pg_temp.refusal($$ select public.change_role('aaaaaaaa-0000-4000-8000-000000000000', 'a0000000-0000-4000-8000-000000000002', 'owner', pg_temp.actor('admin@a.test')) $$), 'PT403', 'an admin makes no owner');
select is(pg_temp.refusal($$ select public.remove_member('aaaaaaaa-0000-4000-8000-000000000000', 'a0000000-0000-4000-8000-000000000001', pg_temp.actor('admin@a.test')) $$), 'PT403', 'an admin removes no owner');
select is(pg_temp.refusal($$ select public.remove_member('aaaaaaaa-0000-4000-8000-000000000000', 'a0000000-0000-4000-8000-000000000002', pg_temp.actor('member@a.test')) $$), 'PT403', 'a member removes nobody');
select is(pg_temp.refusal($$ select public.remove_member('aaaaaaaa-0000-4000-8000-000000000000', 'a0000000-0000-4000-8000-000000000004', pg_temp.actor('viewer@a.test')) $$), null, 'everybody may leave');
reset role;
select * from finish();
rollback;
