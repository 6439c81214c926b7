-- A person checks the chain with their own rights too: who does not run the organisation sees none of it.
grant execute on function private.audit_hash(public.audit_log), public.verify_audit(uuid) to authenticated;
