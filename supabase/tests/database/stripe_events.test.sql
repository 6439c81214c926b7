begin;
\ir fixtures.sql
select plan(22);
update public.subscriptions set stripe_customer = 'cus_tap_' || left(org_id::text, 1) where org_id::text ~ '^(aaaaaaaa|bbbbbbbb)-';
create function pg_temp.store(id text, subject text, created int) returns boolean language sql as $$
  select public.store_stripe_event(jsonb_build_object('id', id, 'type', 'invoice.paid', 'created', created, 'subject', subject, 'object_id', 'in_1'), '2026-11-21T12:00:00Z')
$$;
create function pg_temp.claim(subject text, at timestamptz default '2026-11-21T12:00:00Z') returns jsonb language sql as $$ select public.claim_stripe_event(subject, at, 60) $$;
select pg_temp.act_as_role('service_role');
select is(pg_temp.store('evt_tap2', 'cus_tap_a', 2), true, 'an event is stored');
select is(pg_temp.store('evt_tap2', 'cus_tap_a', 2), false, 'once');
select is(pg_temp.store('evt_tap1', 'cus_tap_a', 1), true, 'another');
create temp table held as select pg_temp.claim('cus_tap_a') as e;
select is((select e ->> 'id' from held), 'evt_tap1', 'the oldest comes first');
select is(pg_temp.claim('cus_tap_a'), null, 'one of a subject at a time');
select is(public.apply_stripe_event('evt_tap1', gen_random_uuid(), '{}', now()) ->> 'applied', 'false', 'only with the lease');
select is(public.apply_stripe_event('evt_tap1', (select (e ->> 'lease')::uuid from held),
  '{"customer":"cus_tap_a","audit":[{"action":"invoice.paid","after":{"n":1}}],"mails":[{"kind":"receipt","key":"tap"}]}', now()) ->> 'applied', 'true', 'with it, everything happens');
select is(public.apply_stripe_event('evt_tap1', (select (e ->> 'lease')::uuid from held), '{"customer":"cus_tap_a"}', now()) ->> 'applied', 'false', 'once');
select is((select count(*)::int from public.audit_log where org_id = 'aaaaaaaa-0000-4000-8000-000000000000' and action = 'invoice.paid'), 1, 'it is in the audit log');
select is((select count(*)::int from public.billing_mails where key like 'tap:%'), 1, 'and told to the owner');
select is((select state from public.stripe_events where id = 'evt_tap1'), 'done', 'and marked');
update held set e = pg_temp.claim('cus_tap_a');
select is((select e ->> 'id' from held), 'evt_tap2', 'then the next');
select public.fail_stripe_event('evt_tap2', (select (e ->> 'lease')::uuid from held), 'away', '2026-11-21T12:05:00Z', false);
select is(pg_temp.claim('cus_tap_a'), null, 'a failed one waits');
update held set e = pg_temp.claim('cus_tap_a', '2026-11-21T12:05:00Z');
select is((select e ->> 'attempts' from held), '2', 'and is tried again');
select public.fail_stripe_event('evt_tap2', (select (e ->> 'lease')::uuid from held), 'away', '2026-11-21T12:05:00Z', true);
select is(public.billing_health(now()) ->> 'dead_events', '1', 'until it is given up, which shows');
select is(public.revive_stripe_events(now()), 1, 'and can be undone');
select pg_temp.store('evt_tap3', 'cus_tap_x', 3);
update held set e = pg_temp.claim('cus_tap_x');
select public.apply_stripe_event('evt_tap3', (select (e ->> 'lease')::uuid from held), '{"customer":"cus_tap_x"}', now());
select is((select outcome from public.stripe_events where id = 'evt_tap3'), 'not ours', 'another''s customer changes nothing');
reset role;
select pg_temp.act_as('owner@a.test');
select is(pg_temp.refusal($$ select * from public.stripe_events $$), '42501', 'people see no events');
select is(pg_temp.refusal($$ select * from public.billing_mails $$), '42501', 'and no mails');
select is(pg_temp.refusal($$ select public.store_stripe_event('{}', now()) $$), '42501', 'and store none');
reset role;
select pg_temp.act_as_role('anon');
select is(pg_temp.refusal($$ select * from public.stripe_events $$), '42501', 'anon neither');
select is(pg_temp.refusal($$ select * from public.billing_mails $$), '42501', 'anon neither');
reset role;
select * from finish();
rollback;
