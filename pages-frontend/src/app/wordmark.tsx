/** The mark, and unless a phone's bar is short of room the name. Three even lines, one of which does not fit: the whole product. */
export function Wordmark({ short = false }: { short?: boolean }) {
  return (
    <span className="inline-flex items-center gap-2 text-base font-bold tracking-tight">
      <svg viewBox="0 0 22 18" className="h-4 w-5" aria-hidden>
        <rect x="0" y="1" width="13" height="3.4" rx="1.7" className="fill-ink-3" />
        <rect x="0" y="7.3" width="6" height="3.4" rx="1.7" className="fill-ink-3" />
        <rect x="0" y="13.6" width="15" height="3.4" rx="1.7" className="fill-ink-3" />
        <rect x="8.4" y="6.4" width="13" height="5.2" rx="2.6" className="fill-heat-6" />
      </svg>
      <span className={short ? 'hidden sm:inline' : undefined}>Driftlock</span>
    </span>
  );
}
