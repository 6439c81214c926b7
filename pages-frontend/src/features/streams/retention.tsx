import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useApi } from '@/lib/api/client';
import { configQuery } from '@/lib/api/config';
import { canAdminister, useOrganization } from '@/lib/organization';

/** How long anomalies are kept. Left out where it cannot be told: the page does not depend on it. */
export function Retention() {
  const api = useApi();
  const organization = useOrganization();
  const { data } = useQuery(configQuery(api, organization.id));
  if (!data) return null;
  return (
    <p className="mt-3 px-1 text-sm text-ink-3">
      Anomalies are kept for {data.retention.days} days. That is set for the whole organisation, not stream by
      stream.{' '}
      <Link to="/app/settings/organization" className="underline underline-offset-4 hover:text-ink">
        {canAdminister(organization) ? 'Change it in the settings' : 'See the settings'}
      </Link>
    </p>
  );
}
