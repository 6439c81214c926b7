-- How subscriptions end: with their customer, beside another one, and with their organisation.
begin;
\ir fixtures.sql
select plan(17);
create function pg_temp.apply(id text, effects jsonb) returns text language plpgsql as $$
declare held jsonb;
begin
  perform public.store_stripe_event(jsonb_build_object('id', id, 'type', 't', 'created', 1, 'subject', id, 'object_id', 'x'), '2026-11-22T00:00:00Z');
  held := public.claim_stripe_event(id, '2026-11-22T00:00:00Z', 60);
  perform public.apply_stripe_event(id, (held ->> 'lease')::uuid, effects, '2026-11-22T00:00:00Z');
  return (select outcome from public.stripe_events e where e.id = apply.id);
end $$;
create function pg_temp.ended(subscription text) returns jsonb language sql as $$
  select jsonb_build_object('customer', 'cus_tap_a', 'outcome', 'written', 'mails', jsonb_build_array(jsonb_build_object('kind', 'ended', 'key', 'ended:' || subscription, 'of', subscription)),
    'subscription', jsonb_build_object('status', 'canceled', 'plan', 'growth', 'stripe_subscription', subscription, 'stripe_status', 'canceled', 'stripe_created', '2026-11-20T00:00:00Z', 'livemode', false,
      'cancel_at_period_end', false, 'ended_at', '2026-11-22T00:00:00Z'))
$$;
create function pg_temp.a() returns public.subscriptions language sql as $$ select s from public.subscriptions s where s.org_id = 'aaaaaaaa-0000-4000-8000-000000000000' $$;
create function pg_temp.ended_mails() returns int language sql as $$ select count(*)::int from public.billing_mails where org_id = 'aaaaaaaa-0000-4000-8000-000000000000' and kind = 'ended' $$;
update public.subscriptions set stripe_customer = 'cus_tap_a', stripe_subscription = 'sub_tap_2', stripe_created = '2026-11-21T00:00:00Z', status = 'active', plan = 'growth',
  current_period_end = '2026-12-21T00:00:00Z', metering_from = '2026-11-21' where org_id = 'aaaaaaaa-0000-4000-8000-000000000000';
update public.organizations set plan = 'growth' where id = 'aaaaaaaa-0000-4000-8000-000000000000';
select pg_temp.act_as_role('service_role');

select is(pg_temp.apply('evt_tap_dup', pg_temp.ended('sub_tap_1')), 'written', 'an older one ends beside it');
select is((pg_temp.a()).status, 'active', 'the newer one goes on');
select is(pg_temp.ended_mails(), 0, 'and nobody is told that the plan ended');

select is(pg_temp.apply('evt_tap_gone', '{"customer":"cus_tap_a","customer_gone":true,"outcome":"written"}'), 'written', 'the customer is deleted');
select is((pg_temp.a()).status || ' ' || coalesce((pg_temp.a()).stripe_customer, 'nobody'), 'canceled nobody', 'its subscription has ended');
select is((select plan from public.organizations where id = 'aaaaaaaa-0000-4000-8000-000000000000'), 'developer', 'the plan is Developer');
select is(pg_temp.apply('evt_tap_end', pg_temp.ended('sub_tap_2')), 'written', 'the subscription''s own end is still known as ours');
select is(pg_temp.ended_mails(), 1, 'and told once to the owner');
select is(pg_temp.apply('evt_tap_other', pg_temp.ended('sub_tap_9')), 'not ours', 'another one is not');

-- a downgrade does not stop the ingest: what was paid for is not counted against the free month
create function pg_temp.counts_from(subscription jsonb, today timestamptz) returns date language sql as $$
  select first from private.usage_period(jsonb_populate_record(null::public.subscriptions, subscription), today)
$$;
select is(pg_temp.counts_from('{"status":"canceled","ended_at":"2026-11-20T00:00:00Z","metering_until":"2026-11-20"}', '2026-11-22T00:00:00Z'), '2026-11-20'::date, 'the free month begins where the paid one ended');
select is(pg_temp.counts_from('{"status":"canceled","ended_at":"2026-11-20T10:00:00Z","metering_until":"2026-11-21"}', '2026-11-22T00:00:00Z'), '2026-11-21'::date, 'a day that was metered is not counted');
select is(pg_temp.counts_from('{"status":"canceled","ended_at":"2026-10-20T00:00:00Z","metering_until":"2026-10-20"}', '2026-11-22T00:00:00Z'), '2026-11-01'::date, 'the next ones with the calendar');

select is(pg_temp.counts_from('{"status":"canceled","ended_at":"2026-11-20T10:00:00Z","metering_until":"2026-11-21"}', '2026-11-20T12:00:00Z'), '2026-11-20'::date, 'the end''s own day is a period by itself');

-- an organisation's end waits for its meter
update public.subscriptions set stripe_customer = 'cus_tap_a', status = 'active', metering_from = '2026-11-21', metering_until = null where org_id = 'aaaaaaaa-0000-4000-8000-000000000000';
update public.organizations set deleted_at = '2026-11-22T00:00:00Z' where id = 'aaaaaaaa-0000-4000-8000-000000000000';
create function pg_temp.is_due(at timestamptz) returns boolean language sql as $$
  select exists (select from jsonb_array_elements(public.billing_clock(at, 3, array[0, 3, 6])) d where d ->> 'subscription' = 'sub_tap_2')
$$;
select public.record_usage('[{"org_id":"aaaaaaaa-0000-4000-8000-000000000000","stream":"s","day":"2026-11-21","events":9,"detections":9}]');
select is(pg_temp.is_due('2026-11-22T00:06:00Z'), false, 'what was used is not at the meter yet');
update public.meter_flushes set state = 'sent', sent_at = '2026-11-22T00:07:00Z' where org_id = 'aaaaaaaa-0000-4000-8000-000000000000';
select is(pg_temp.is_due('2026-11-22T00:10:00Z'), false, 'the meter adds up what it took a little later');
select is(pg_temp.is_due('2026-11-22T00:12:00Z'), true, 'then the subscription can be cancelled');
update public.meter_flushes set state = 'pending' where org_id = 'aaaaaaaa-0000-4000-8000-000000000000';
select is(pg_temp.is_due('2026-11-23T00:01:00Z'), true, 'after a day in any case');
reset role;
select * from finish();
rollback;
