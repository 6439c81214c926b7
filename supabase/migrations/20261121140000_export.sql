-- What an organisation can take with it: every table that names it, page by page, with the rights of whoever asks. Both
-- functions read the catalogue, so that a table made later is part of the export without being listed anywhere. Columns that
-- people may not read (hashes of keys and tokens) are not granted to them, and so are not in it.

create function public.export_tables() returns jsonb
language sql stable security invoker set search_path = '' as $$
  select coalesce(jsonb_agg(c.relname order by c.relname), '[]'::jsonb)
  from pg_catalog.pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    and has_any_column_privilege(c.oid, 'select')
    and exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped)
$$;
comment on function public.export_tables is 'Tables with rows of organisations that the person asking may read.';

-- Rows in the order of the primary key, after the row whose key is `p_after`.
create function public.export_page(p_org uuid, p_table text, p_after jsonb, p_limit int) returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
declare
  tbl oid;
  -- the directory adds people's addresses to their memberships
  source text := case p_table when 'members' then 'member_directory' else p_table end;
  owner text := case p_table when 'organizations' then 'id' else 'org_id' end;
  -- the clamp keeps a page in memory, whoever asks
  most int := least(greatest(p_limit, 1), 1000);
  columns text;
  keys text;
  after_values text;
  key_names text[];
  page jsonb;
begin
  select c.oid into tbl from pg_catalog.pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname = p_table
    and exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname = owner and not a.attisdropped);
  if not found then
    raise exception 'not_found' using errcode = 'PT404';
  end if;
  select string_agg(format('t.%I', a.attname), ', ' order by a.attnum) into columns
  from pg_catalog.pg_attribute a
  where a.attrelid = format('public.%I', source)::regclass and a.attnum > 0 and not a.attisdropped and has_column_privilege(a.attrelid, a.attnum, 'select');
  select string_agg(format('t.%I', a.attname), ', ' order by k.n), array_agg(a.attname::text order by k.n),
    string_agg(format('($2 ->> %L)::%s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by k.n)
  into keys, key_names, after_values
  from pg_catalog.pg_index i cross join unnest(i.indkey::int2[]) with ordinality k(attnum, n)
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
  where i.indrelid = tbl and i.indisprimary and (a.attname <> 'org_id' or i.indnkeyatts = 1);
  execute format('select coalesce(jsonb_agg(to_jsonb(r)), ''[]''::jsonb) from (select %s from public.%I t where t.%I = $1 %s order by %s limit $3) r',
    columns, source, owner, case when p_after is null then '' else format('and (%s) > (%s)', keys, after_values) end, keys)
  into page using p_org, p_after, most;
  return jsonb_build_object('rows', page, 'next', case when jsonb_array_length(page) = most then
    (select jsonb_object_agg(k, page -> -1 -> k) from unnest(key_names) k) end);
end $$;
comment on function public.export_page is 'A page of an organisation''s rows of one table, and the key after which the next begins (null: there is none).';

-- Pages of a busy table must not read over other organisations' rows.
create index anomalies_export on public.anomalies (org_id, id);

-- A definer: appending to the audit log needs rights that nobody has.
create function public.note_export(p_org uuid, p_actor jsonb) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
  perform private.set_actor(p_actor);
  perform private.append_audit(p_org, 'organization.exported', 'organization', p_org::text, null, null);
  return true;
end $$;
comment on function public.note_export is 'Writes into the audit log that somebody took the organisation''s data.';

revoke execute on function public.export_tables(), public.export_page(uuid, text, jsonb, int), public.note_export(uuid, jsonb) from public, anon, authenticated;
grant execute on function public.export_tables(), public.export_page(uuid, text, jsonb, int) to authenticated, service_role;
grant execute on function public.note_export(uuid, jsonb) to service_role;
