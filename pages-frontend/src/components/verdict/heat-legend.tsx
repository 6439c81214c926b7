import { Explain } from '@/components/explain';

const STEPS = ['heat-1', 'heat-2', 'heat-3', 'heat-4', 'heat-5', 'heat-6', 'heat-7'];

export function HeatLegend() {
  return (
    <div className="flex items-center gap-2 text-xs text-ink-2">
      <span>expected</span>
      <span className="flex overflow-hidden rounded-sm" aria-hidden>
        {STEPS.map((step) => (
          <span key={step} className={`h-3 w-3.5 ${step}`} />
        ))}
      </span>
      <Explain term="surprising">
        <p>
          The warmer a word, the less it was expected at its place, counted in bits: what a compressor that
          has learned this stream would need to write it down. Each further bit means half as likely.
        </p>
        <p>No shade: under 4 bits, ordinary. Full shade: 14 bits and more, 1 in 16,000 or rarer.</p>
      </Explain>
    </div>
  );
}
