begin;
\ir fixtures.sql
select plan(6);
select pg_temp.act_as_role('service_role');
insert into public.billing_mails (org_id, key, recipient, kind, due_at) values
  ('aaaaaaaa-0000-4000-8000-000000000000', 'tap-a', 'owner@a.test', 'usage', '2000-01-01'), ('bbbbbbbb-0000-4000-8000-000000000000', 'tap-b', 'owner@b.test', 'usage', '2000-01-02');
select is(jsonb_array_length(public.claim_billing_mails('2000-01-01', 10, 60)), 1, 'what is due is claimed');
select is(jsonb_array_length(public.claim_billing_mails('2000-01-01', 10, 60)), 0, 'by one at a time');
select public.finish_billing_mail(id, 'sent', null, null, now()) from public.billing_mails where key = 'tap-a';
select is((select state from public.billing_mails where key = 'tap-a'), 'sent', 'and marked');
select is(jsonb_array_length(public.claim_billing_mails('2000-01-02', 10, 0)), 1, 'then the other');
select is(jsonb_array_length(public.claim_billing_mails('2000-01-02', 10, 0)), 1, 'again if its sender is gone');
reset role;
select ok((select relrowsecurity from pg_class where oid = 'public.billing_mails'::regclass), 'row-level security is on');
select * from finish();
rollback;
