// The time zone of the organisation, as its settings have it.
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import type { ApiClient } from './api/client';
import { configQuery } from './api/config';
import { whenIdle } from './idle';
import { rememberedZone } from './remembered-zone';
import { Times } from './times';

/** Known from the last visit, or asked for once the page stands; until then times are the reader's own. */
export function useOrganizationTimes(api: ApiClient, org: string): Times {
  const [ready, setReady] = useState(false);
  useEffect(() => whenIdle(() => setReady(true)), []);
  const told = useQuery({ ...configQuery(api, org), enabled: ready }).data?.organization.time_zone;
  useEffect(() => {
    if (told !== undefined) rememberedZone.set(org, told);
  }, [org, told]);
  const zone = told ?? rememberedZone.get(org);
  return useMemo(() => new Times(zone), [zone]);
}
