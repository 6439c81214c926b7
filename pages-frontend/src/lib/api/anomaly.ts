// The anomaly as the API tells it. Parts the detector leaves out, and those an anomaly recorded from outside never
// had, arrive as null or not at all; here both are undefined.
import * as z from 'zod/mini';
import { SEVERITIES, STATUSES, type Status } from '../status';

const given = <T extends z.core.$ZodType>(schema: T) =>
  z.pipe(
    z.nullish(schema),
    z.transform((value) => value ?? undefined),
  );

const Expected = z.array(z.object({ text: z.string(), count: z.number() }));

export const Token = z.object({
  text: z.string(),
  start: z.number(),
  end: z.number(),
  bits: z.number(),
  expected: given(Expected),
});
export type Token = z.output<typeof Token>;

export const FieldPrice = z.object({
  path: z.string(),
  bits: z.number(),
  text: given(z.string()),
  expected: given(Expected),
});
export type FieldPrice = z.output<typeof FieldPrice>;

export const Measures = z.object({
  codec: given(z.string()),
  compression_ratio_baseline: given(z.number()),
  compression_ratio_window: given(z.number()),
  delta_bits: given(z.number()),
  entropy_baseline: given(z.number()),
  entropy_window: given(z.number()),
  ncd: given(z.number()),
  p_value: given(z.number()),
  permutations: given(z.number()),
  bytes_baseline: given(z.number()),
  bytes_window: given(z.number()),
  compressed_baseline: given(z.number()),
  compressed_window: given(z.number()),
  compressed_combined: given(z.number()),
});
export type Measures = z.output<typeof Measures>;

export const Anomaly = z.object({
  id: z.string(),
  stream: z.string(),
  event_type: z.string(),
  timestamp: given(z.string()),
  detected_at: z.string(),
  score: given(z.number()),
  p_value: given(z.number()),
  p_method: given(z.string()),
  q_value: given(z.number()),
  severity: z.enum(SEVERITIES),
  // Old rows may say "pending", which reads as "new".
  status: z.pipe(
    z.string(),
    z.transform((status): Status =>
      (STATUSES as readonly string[]).includes(status) ? (status as Status) : 'new',
    ),
  ),
  reason: given(z.string()),
  repeats: z.pipe(
    z.nullish(z.number()),
    z.transform((repeats) => Math.max(1, repeats ?? 1)),
  ),
  group: given(z.string()),
  source: given(z.string()),
  metadata: given(z.record(z.string(), z.unknown())),
});
export type Anomaly = z.output<typeof Anomaly>;

export const AnomalyDetail = z.extend(Anomaly, {
  event: given(z.string()),
  event_format: given(z.string()),
  tokens: given(z.array(Token)),
  fields: given(z.array(FieldPrice)),
  nearest: given(z.string()),
  measures: given(Measures),
  witness: given(z.string()),
  algorithm: given(z.string()),
  seed: given(z.union([z.string(), z.number()])),
  checkpoint: given(z.string()),
  baseline_data: given(z.string()),
  window_data: given(z.string()),
  glass_box_explanation: given(z.string()),
  generation: given(z.number()),
  seq: given(z.number()),
});
export type AnomalyDetail = z.output<typeof AnomalyDetail>;

export const AnomalyPage = z.object({ anomalies: z.array(Anomaly), next_cursor: z.nullish(z.string()) });
export type AnomalyPage = z.output<typeof AnomalyPage>;

/** What to show where the sentence is missing (an anomaly recorded from outside). */
export function reasonOf(anomaly: Anomaly): string {
  return anomaly.reason ?? `${anomaly.event_type} event recorded as an anomaly by another tool`;
}

/** When it began: the event's own time where it has one. */
export const sinceOf = (anomaly: Anomaly): string => anomaly.timestamp ?? anomaly.detected_at;
