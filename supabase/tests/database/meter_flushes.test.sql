begin;
\ir fixtures.sql
select plan(24);
update public.subscriptions set stripe_customer = 'cus_tap_' || left(org_id::text, 1), metering_from = '2026-11-20' where org_id::text ~ '^(aaaaaaaa|bbbbbbbb)-';
create function pg_temp.claim(at timestamptz) returns int language sql as $$
  select count(*)::int from jsonb_array_elements(public.claim_meter_flushes(at, 100, 0)) f where f ->> 'customer' like 'cus_tap_%'
$$;
create function pg_temp.use(detections bigint) returns int language sql as $$
  select public.record_usage(jsonb_build_array(jsonb_build_object('org_id', 'aaaaaaaa-0000-4000-8000-000000000000', 'stream', 's', 'day', '2026-11-21', 'events', 1, 'detections', detections)))
$$;
select pg_temp.act_as_role('service_role');
select is(pg_temp.claim('2026-11-21T12:00:00Z'), 0, 'nothing found, nothing to tell');
select pg_temp.use(5);
select is(pg_temp.claim('2026-11-21T12:00:00Z'), 1, 'what was found is written down');
select pg_temp.use(9);
select is(pg_temp.claim('2026-11-21T12:01:00Z'), 1, 'a day has one flush under way at a time');
select is((select value from public.meter_flushes where customer = 'cus_tap_a'), 5::bigint, 'and it stays what it was');
select public.finish_meter_flush(identifier, 'sent', null, null, '2026-11-21T12:02:00Z', false) from public.meter_flushes where customer = 'cus_tap_a';
select is(pg_temp.claim('2026-11-21T12:03:00Z'), 1, 'the rest follows');
select results_eq($$ select identifier, value from public.meter_flushes where state = 'pending' and customer = 'cus_tap_a' $$,
  $$ values ('dlk-aaaaaaaa-0000-4000-8000-000000000000-' || left(md5('cus_tap_a'), 12) || '-2026-11-21-5', 4::bigint) $$, 'with an identifier that follows from customer, day and what was told before');
select is((select sum(value) from public.meter_flushes where customer = 'cus_tap_a'), 9::numeric, 'the sum is what was found');
select is((public.meter_flushes_sent('2026-11-21T12:00:00Z', '2026-11-21T12:10:00Z', 10) -> 0) - 'flushes', '{"customer": "cus_tap_a", "day": "2026-11-21", "sent_total": 5}', 'what was sent in a time, with its day''s sum');
select public.finish_meter_flush(identifier, 'sent', null, null, '2026-11-21T12:04:00Z', false) from public.meter_flushes where customer = 'cus_tap_a' and state = 'pending';
select is(public.review_meter_flushes('[{"identifier":"tap-none","cause":"x"}]') + public.review_meter_flushes(jsonb_build_array(jsonb_build_object('identifier',
  (select identifier from public.meter_flushes where customer = 'cus_tap_a' and value = 4), 'cause', 'no_customer'))), 1::bigint, 'a flush that the meter refused is set aside');
select is((select after from public.audit_log where org_id = 'aaaaaaaa-0000-4000-8000-000000000000' and action = 'meter.flush_refused'),
  '{"day": "2026-11-21", "cause": "no_customer", "detections": 4}', 'and its organisation''s record says so');
insert into public.meter_flushes (identifier, org_id, customer, day, from_total, value, at, due_at) values ('tap-b', 'bbbbbbbb-0000-4000-8000-000000000000', 'cus_tap_b', '2026-11-21', 0, 1, now(), now());
reset role;

-- who reads it: those who run the organisation
create function pg_temp.reads() returns setof text language plpgsql as $$
declare
  person record;
  seen text;
begin
  for person in select * from (values ('owner@a.test', 'a'), ('admin@a.test', 'a'), ('member@a.test', ''), ('viewer@a.test', ''), ('owner@b.test', 'b'), ('outsider@c.test', '')) p(email, sees) loop
    perform pg_temp.act_as(person.email);
    seen := pg_temp.visible_orgs('public.meter_flushes', 'org_id');
    reset role;
    return next extensions.is(seen, person.sees, person.email || ' sees what is theirs');
  end loop;
end $$;
select pg_temp.reads();
select pg_temp.act_as('owner@a.test');
select is(pg_temp.refusal($$ update public.meter_flushes set value = 0 $$), '42501', 'people change nothing');
select is(pg_temp.refusal($$ select public.claim_meter_flushes(now(), 1, 1) $$), '42501', 'nor claim anything');
reset role;
select pg_temp.act_as_role('anon');
select is(pg_temp.refusal($$ select * from public.meter_flushes $$), '42501', 'anon sees nothing');
reset role;
select ok((select relrowsecurity from pg_class where oid = 'public.meter_flushes'::regclass), 'row-level security is on');

-- late is what is sent when its invoice was final, whenever it was planned
create function pg_temp.late(subscription jsonb, at timestamptz) returns boolean language sql as $$
  select private.is_late(jsonb_populate_record(null::public.subscriptions, subscription), '2026-11-21', at)
$$;
select is(pg_temp.late('{"current_period_start":"2026-11-22T00:00:00Z"}', '2026-11-22T05:59:00Z'), false, 'a period''s last invoice waits six hours');
select is(pg_temp.late('{"current_period_start":"2026-11-22T00:00:00Z"}', '2026-11-22T06:01:00Z'), true, 'and no longer');
select is(pg_temp.late('{"current_period_start":"2026-10-22T00:00:00Z","current_period_end":"2026-11-22T00:00:00Z","ended_at":"2026-11-22T00:00:00Z"}', '2026-11-22T06:01:00Z'), true, 'an ended subscription has no further one');
update public.subscriptions set current_period_start = '2026-11-22T00:00:00Z' where org_id = 'bbbbbbbb-0000-4000-8000-000000000000';
select public.finish_meter_flush('tap-b', 'sent', null, null, '2026-11-23T00:00:00Z', false);
select is((select late from public.meter_flushes where identifier = 'tap-b'), true, 'a flush that was planned in time and sent late is listed as late');
select * from finish();
rollback;
