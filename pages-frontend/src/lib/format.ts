// Numbers and spans of time in words a tired person reads right. Absolute times: times.ts.

/** A formatter is made when the first text needs it: making all of them takes a phone a tenth of a second. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

const number = once(() => new Intl.NumberFormat('en-GB'));
const compact = once(() => new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 }));

export const formatCount = (n: number): string => number().format(n);
export const formatCompact = (n: number): string => (n < 10_000 ? number().format(n) : compact().format(n));

export function formatBits(bits: number): string {
  return Math.abs(bits) >= 100 ? number().format(Math.round(bits)) : bits.toFixed(1);
}

/** A small probability as odds: 0.00004 → "1 in 25,000". */
export function formatOdds(p: number): string {
  if (!(p > 0)) return 'under 1 in a billion';
  if (p > 0.5) return 'most events';
  const oneIn = 1 / p;
  if (oneIn > 1e9) return 'under 1 in a billion';
  if (oneIn >= 999_500) {
    const [value, unit] = oneIn >= 999.5e6 ? [oneIn / 1e9, 'billion'] : [oneIn / 1e6, 'million'];
    return `1 in ${Number(value.toPrecision(2))} ${unit}`;
  }
  return `1 in ${number().format(Number(oneIn.toPrecision(2)))}`;
}

export function formatPercent(share: number): string {
  const percent = share * 100;
  if (percent === 0) return '0 %';
  if (percent < 0.1) return 'under 0.1 %';
  return `${percent < 10 ? Number(percent.toPrecision(2)) : Math.round(percent)} %`;
}

export function formatProbability(p: number): string {
  if (p === 0 || p >= 0.001) return String(Number(p.toPrecision(3)));
  const [mantissa, exponent] = p.toExponential(1).split('e');
  return `${mantissa} × 10${superscript(Number(exponent))}`;
}

function superscript(n: number): string {
  return String(n).replace(/[-\d]/g, (c) => (c === '-' ? '⁻' : ('⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(c)] ?? '')));
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** "just now", "4 min ago", "3 h ago", "2 days ago". */
export function formatAgo(iso: string, now: number): string {
  const seconds = Math.round((now - Date.parse(iso)) / 1000);
  if (Number.isNaN(seconds)) return '';
  if (seconds < 10) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 && hours < 6 ? `${hours} h ${minutes % 60} min ago` : `${hours} h ago`;
  const days = Math.floor(hours / 24);
  return days === 1 ? '1 day ago' : `${days} days ago`;
}

/** How far apart two moments are: "at once", "40 s before", "3 min after". */
export function formatOffset(milliseconds: number): string {
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  if (seconds < 2) return 'at once';
  const minutes = seconds / 60;
  const span =
    seconds < 60
      ? `${seconds} s`
      : minutes < 60
        ? `${Math.round(minutes)} min`
        : minutes < 48 * 60
          ? `${Math.round(minutes / 60)} h`
          : `${Math.round(minutes / 1440)} days`;
  return `${span} ${milliseconds < 0 ? 'before' : 'after'}`;
}
