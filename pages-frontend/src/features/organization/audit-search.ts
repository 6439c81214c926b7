// The audit log's filter as it stands in the address; what is not well-formed is left out.
export interface AuditFilter {
  action?: string;
  /** The id of a person or key. */
  actor?: string;
  /** Days as YYYY-MM-DD, both included, in the organisation's time zone. */
  from?: string;
  to?: string;
}

const FORMS = {
  action: /^[a-z_.]{1,64}$/,
  actor: /^[\x21-\x7e]{1,320}$/,
  from: /^\d{4}-\d{2}-\d{2}$/,
  to: /^\d{4}-\d{2}-\d{2}$/,
} as const;

export function parseAuditFilter(search: Record<string, unknown>): AuditFilter {
  const names = Object.keys(FORMS) as (keyof AuditFilter)[];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = search[name];
      return typeof value === 'string' && FORMS[name].test(value) ? [[name, value]] : [];
    }),
  );
}
