-- Whoever proves an address decides the password: one that was set before does not outlive the proof.
begin;
\ir fixtures.sql
select plan(5);
insert into auth.users (id, aud, role, email, encrypted_password, confirmation_sent_at) values
  ('d0000000-0000-4000-8000-000000000001', 'authenticated', 'authenticated', 'mailed@d.test', 'planted', now()),
  ('d0000000-0000-4000-8000-000000000002', 'authenticated', 'authenticated', 'taken-over@d.test', 'planted', now()),
  ('d0000000-0000-4000-8000-000000000003', 'authenticated', 'authenticated', 'made@d.test', 'chosen', null);
create function pg_temp.password_of(address text) returns text language sql as $$
  select u.encrypted_password::text from auth.users u where u.email = address
$$;

update auth.users set updated_at = now() where email = 'mailed@d.test';
select is(pg_temp.password_of('mailed@d.test'), 'planted', 'another change leaves the password');
update auth.users set email_confirmed_at = now() where email = 'mailed@d.test';
select is(pg_temp.password_of('mailed@d.test'), '', 'the proof by mail forgets the password that was there before it');
update auth.users set encrypted_password = 'chosen' where email = 'mailed@d.test';
update auth.users set email_confirmed_at = now() + interval '1 minute' where email = 'mailed@d.test';
select is(pg_temp.password_of('mailed@d.test'), 'chosen', 'one that is chosen afterwards stays');
update auth.users set email_confirmed_at = now(), encrypted_password = 'chosen' where email = 'taken-over@d.test';
select is(pg_temp.password_of('taken-over@d.test'), 'chosen', 'one that comes with the proof stays');
update auth.users set email_confirmed_at = now() where email = 'made@d.test';
select is(pg_temp.password_of('made@d.test'), 'chosen', 'an account that was made confirmed keeps its password');
select * from finish();
rollback;
