-- The demo organisation of local stacks. ./scripts/dev adds its user and its API key, whose secret is made on each machine.
insert into public.organizations (id, name, slug, requests_per_minute)
values ('00000000-0000-4000-8000-000000000001', 'Demo', 'demo', 1000000)
on conflict (id) do nothing;
