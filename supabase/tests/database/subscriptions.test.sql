begin;
\ir fixtures.sql
select plan(49);
select pg_temp.tenant_table('public.subscriptions');

select pg_temp.act_as('owner@a.test');
select is(pg_temp.refusal($$ select stripe_customer from public.subscriptions $$), '42501', 'Stripe''s ids are not for people');
select is(pg_temp.refusal($$ update public.subscriptions set hard_cap = true $$), '42501', 'people change nothing themselves');
select is(pg_temp.refusal($$ select public.usage_report('bbbbbbbb-0000-4000-8000-000000000000', now()) $$), '42501', 'nor ask for another organisation''s usage');
reset role;

create function pg_temp.stripe(subscription text, status text, created timestamptz, plan text default 'standard') returns jsonb language sql as $$
  select jsonb_build_object('status', status, 'plan', plan, 'stripe_subscription', subscription, 'stripe_status', status, 'stripe_created', created, 'livemode', false,
    'current_period_start', '2026-11-21T00:00:00Z', 'current_period_end', '2026-12-21T00:00:00Z', 'cancel_at_period_end', false, 'metering_from', '2026-11-21')
$$;
create function pg_temp.sync(p jsonb) returns boolean language sql as $$
  select public.sync_subscription('aaaaaaaa-0000-4000-8000-000000000000', p, '[]', '{"type":"system"}', '2026-11-22T00:00:00Z')
$$;
create function pg_temp.plan_of_a() returns text language sql as $$ select plan from public.organizations where id = 'aaaaaaaa-0000-4000-8000-000000000000' $$;
select pg_temp.act_as_role('service_role');
update public.subscriptions set stripe_customer = 'cus_tap_a' where org_id = 'aaaaaaaa-0000-4000-8000-000000000000';
select is(pg_temp.sync(pg_temp.stripe('sub_1', 'active', '2026-11-21T00:00:00Z')), true, 'a subscription is written');
select is(pg_temp.plan_of_a(), 'standard', 'and its plan is in effect');
select is(pg_temp.sync(pg_temp.stripe('sub_0', 'canceled', '2026-11-22T00:00:00Z')), false, 'an ended one does not replace a live one');
select is(pg_temp.sync(pg_temp.stripe('sub_0', 'active', '2026-11-20T00:00:00Z', 'growth')), false, 'an older one does not replace a newer one');
select is(pg_temp.sync(pg_temp.stripe('sub_1', 'canceled', '2026-11-21T00:00:00Z')), true, 'its own end counts');
select is(pg_temp.plan_of_a(), 'developer', 'then the plan is Developer');
select is(pg_temp.sync(pg_temp.stripe('sub_2', 'grace', '2026-11-23T00:00:00Z')), true, 'a new one replaces an ended one');
select is(pg_temp.plan_of_a(), 'standard', 'grace keeps the plan');
select pg_temp.sync(pg_temp.stripe('sub_2', 'active', '2026-11-23T00:00:00Z') || '{"fetched_at":"2026-11-23T10:00:01Z"}');
select is(pg_temp.sync(pg_temp.stripe('sub_2', 'grace', '2026-11-23T00:00:00Z') || '{"fetched_at":"2026-11-23T10:00:00Z"}'), false, 'what was fetched earlier does not replace what was fetched later');
select is((select status from public.subscriptions where stripe_subscription = 'sub_2'), 'active', 'whichever is written first');
select is((select count(*)::int from public.audit_log where org_id = 'aaaaaaaa-0000-4000-8000-000000000000' and action = 'subscription.changed'), 4, 'each change is in the audit log');

-- whose plan holds
select is(pg_temp.sync(pg_temp.stripe('sub_3', 'past_due', '2026-11-24T00:00:00Z', 'growth')), false, 'a second one whose first payment is still to come displaces no paid one');
select is(pg_temp.plan_of_a(), 'standard', 'which goes on');
update public.organizations set plan = 'enterprise' where id = 'aaaaaaaa-0000-4000-8000-000000000000';
select is(pg_temp.sync(pg_temp.stripe('sub_2', 'canceled', '2026-11-23T00:00:00Z')), true, 'an organisation with a contract hears of its former subscription''s end');
select is(pg_temp.plan_of_a(), 'enterprise', 'and stays Enterprise');
select is(pg_temp.sync(pg_temp.stripe('sub_2', 'active', '2026-11-23T00:00:00Z')), true, 'also of one that goes on');
update public.organizations set plan = 'standard' where id = 'aaaaaaaa-0000-4000-8000-000000000000';

-- grace begins with the first failure of the invoice, in whatever order it is heard of
create function pg_temp.grace(invoice text, at timestamptz) returns timestamptz language plpgsql as $$
begin
  perform public.sync_subscription('aaaaaaaa-0000-4000-8000-000000000000', pg_temp.stripe('sub_2', 'grace', '2026-11-23T00:00:00Z') || jsonb_build_object('grace_invoice', invoice, 'grace_days', 7), '[]', '{"type":"system"}', at);
  return (select s.grace_started_at from public.subscriptions s where s.org_id = 'aaaaaaaa-0000-4000-8000-000000000000');
end $$;
create function pg_temp.failed(id text, invoice text, at timestamptz) returns boolean language sql as $$
  select public.store_stripe_event(jsonb_build_object('id', id, 'type', 'invoice.payment_failed', 'created', extract(epoch from at)::bigint, 'subject', 'cus_tap_a', 'object_id', invoice), at)
$$;
select is(pg_temp.grace('in_tap1', '2100-01-09T00:00:00Z'), '2100-01-09T00:00:00Z', 'unheard of, grace begins when the failure is seen');
select is(pg_temp.grace('in_tap1', '2100-01-10T00:00:00Z'), '2100-01-09T00:00:00Z', 'which stays');
select pg_temp.failed('evt_tapg2', 'in_tap1', '2100-01-11T00:00:00Z');
select pg_temp.failed('evt_tapg1', 'in_tap1', '2100-01-08T00:00:00Z');
select is(pg_temp.grace('in_tap1', '2100-01-11T00:00:00Z'), '2100-01-08T00:00:00Z', 'the first failure that Stripe tells of decides, also if it comes last');
select is((select grace_ends_at from public.subscriptions where stripe_subscription = 'sub_2'), '2100-01-15T00:00:00Z'::timestamptz, 'a week later it ends');
select is(pg_temp.grace('in_tap2', '2100-02-01T00:00:00Z'), '2100-02-01T00:00:00Z', 'another invoice has another grace');
select pg_temp.failed('evt_tapg3', 'in_tap3', '2001-01-01T00:00:00Z');
select is(pg_temp.grace('in_tap3', now()), now() - interval '3 days', 'news that comes very late leaves some of the week');
select pg_temp.sync(pg_temp.stripe('sub_2', 'active', '2026-11-23T00:00:00Z'));

-- usage and its announcements
select public.record_usage('[{"org_id":"aaaaaaaa-0000-4000-8000-000000000000","stream":"s","day":"2026-11-22","events":10,"detections":45000}]');
select is(public.evaluate_usage('2026-11-22T12:00:00Z', '{70,90,100,120}') ->> 'announced', '2', '70 and 90 % are announced');
select is(public.evaluate_usage('2026-11-22T12:05:00Z', '{70,90,100,120}') ->> 'announced', '0', 'once');
select is((select count(*)::int from public.billing_mails where kind = 'usage' and recipient = 'owner@a.test'), 2, 'to the owner');
select is(public.usage_report('aaaaaaaa-0000-4000-8000-000000000000', '2026-11-22T12:00:00Z') ->> 'detections', '45000', 'the report says the same');
update public.subscriptions set contract = '{"detections": null, "members": 4}' where org_id = 'aaaaaaaa-0000-4000-8000-000000000000';
select is(private.entitlement('aaaaaaaa-0000-4000-8000-000000000000', 'detections'), null, 'a contract lifts a limit');
select is(pg_temp.refusal($$ insert into public.members (org_id, user_id, role) values ('aaaaaaaa-0000-4000-8000-000000000000', 'c0000000-0000-4000-8000-000000000001', 'viewer') $$), 'PT409', 'or names another: no fifth member');
reset role;
select * from finish();
rollback;
