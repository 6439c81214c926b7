-- Whatever locks an organisation's row does so before it writes to the audit log, whose chain is the last lock of a transaction. A change
-- of a subscription wrote its entry first and the organisation's plan afterwards: beside a new API key, which locks the organisation
-- and then writes its entry, one of the two was ended as a deadlock.
--
-- The lock leaves alone what only refers to the organisation (FOR NO KEY UPDATE): rows of detections and usage go in meanwhile.
create function private.hold_organization(p_org uuid) returns void
language plpgsql set search_path = '' as $$
begin
  perform 1 from public.organizations o where o.id = p_org for no key update;
end $$;
revoke execute on function private.hold_organization(uuid) from public, anon, authenticated;
grant execute on function private.hold_organization(uuid) to service_role;

-- For a change that comes by no function of ours.
create function private.lock_organization() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform private.hold_organization(new.org_id);
  return new;
end $$;
revoke execute on function private.lock_organization() from public;

create trigger subscriptions_lock_organization before update of status, plan, cancel_at_period_end, hard_cap, contract, grace_started_at, disputed_at, stripe_subscription
  on public.subscriptions for each row execute function private.lock_organization();
