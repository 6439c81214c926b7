-- Anybody can sign up with somebody else's address and a password of their own; the owner of the address may then confirm it, since
-- the mail looks right. A password that was there before the proof opens nothing after it, whichever way the proof comes (the page of
-- the link, the code, a code asked for at the sign-in page). Whoever has proved the address chooses one then, or signs in by mailed code.
-- Accounts that the Worker or an operator makes confirmed are not concerned: nothing was mailed for them.
create function private.forget_unproven_password() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.encrypted_password := '';
  return new;
end $$;
revoke execute on function private.forget_unproven_password() from public;

create trigger driftlock_forget_unproven_password before update of email_confirmed_at on auth.users
  for each row when (old.email_confirmed_at is null and new.email_confirmed_at is not null and old.confirmation_sent_at is not null
    and new.encrypted_password is not distinct from old.encrypted_password)
  execute function private.forget_unproven_password();
