// What a person says of the anomaly. "Expected" teaches the stream; the effect is shown, and can be taken back.
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CircleAlert, CircleCheck, GraduationCap, Undo2 } from 'lucide-react';
import * as z from 'zod/mini';
import { Button } from '@/components/ui/button';
import { Skeleton } from '@/components/ui/skeleton';
import { useToast } from '@/components/ui/toast-context';
import type { AnomalyDetail } from '@/lib/api/anomaly';
import { useApi, type ApiClient } from '@/lib/api/client';
import { formatBits, formatOdds } from '@/lib/format';
import { canTriage, useOrganization } from '@/lib/organization';

const KINDS = ['expected', 'false_alarm', 'real'] as const;
type Kind = (typeof KINDS)[number];

const Feedback = z.object({
  feedback: z.nullable(z.object({ kind: z.enum(KINDS), taught: z.boolean() })),
  effect: z.nullable(
    z.object({
      taught: z.boolean(),
      note: z.nullable(z.string()),
      score: z.number(),
      p_value: z.number(),
      anomaly: z.boolean(),
      threshold: z.number(),
    }),
  ),
});
type Feedback = z.output<typeof Feedback>;

const CHOICES: Record<Kind, { label: string; said: string; icon: typeof CircleCheck }> = {
  expected: { label: 'Expected', said: 'Said to be expected.', icon: GraduationCap },
  false_alarm: { label: 'False alarm', said: 'Said to be a false alarm.', icon: CircleAlert },
  real: { label: 'Real', said: 'Said to be real.', icon: CircleCheck },
};

const pathOf = (id: string) => `/v1/anomalies/${encodeURIComponent(id)}/feedback` as const;

const feedbackQuery = (api: ApiClient, org: string, id: string) =>
  queryOptions({
    queryKey: ['anomalies', org, 'feedback', id] as const,
    queryFn: ({ signal }) => api.request(pathOf(id), Feedback, { signal }),
    staleTime: 30_000,
  });

export function FeedbackPanel({ anomaly }: { anomaly: AnomalyDetail }) {
  const api = useApi();
  const organization = useOrganization();
  const client = useQueryClient();
  const toast = useToast();
  const options = feedbackQuery(api, organization.id, anomaly.id);
  const query = useQuery(options);
  const change = useMutation({
    mutationFn: (kind: Kind | null) =>
      kind === null
        ? api.request(pathOf(anomaly.id), Feedback, { method: 'DELETE' })
        : api.request(pathOf(anomaly.id), Feedback, { method: 'POST', body: { kind } }),
    onMutate: async (kind) => {
      await client.cancelQueries({ queryKey: options.queryKey });
      const before = client.getQueryData(options.queryKey);
      client.setQueryData(
        options.queryKey,
        (old) => old && { ...old, feedback: kind && { kind, taught: false } },
      );
      return { before };
    },
    onSuccess: (answer) => client.setQueryData(options.queryKey, answer),
    onError: (error, _kind, context) => {
      client.setQueryData(options.queryKey, context?.before);
      toast.show({ tone: 'error', message: `That was not noted. ${error.message}` });
    },
  });
  if (query.isPending) return <Skeleton className="h-20 w-full" />;
  if (!query.data) return <p className="text-sm text-ink-2">What was said of it could not be loaded.</p>;

  const { feedback, effect } = query.data;
  const may = canTriage(organization);
  if (!feedback) {
    return may ? (
      <div className="space-y-2 text-sm">
        <p className="text-ink-2">
          Is this what you would want to be told of? “Expected” teaches the stream.
        </p>
        <div className="flex flex-wrap gap-1">
          {KINDS.map((kind) => {
            const { label, icon: Icon } = CHOICES[kind];
            return (
              <Button key={kind} size="sm" disabled={change.isPending} onClick={() => change.mutate(kind)}>
                <Icon aria-hidden /> {label}
              </Button>
            );
          })}
        </div>
      </div>
    ) : (
      <p className="text-sm text-ink-2">Nobody has said anything of it yet.</p>
    );
  }
  return (
    <div className="space-y-2 text-sm" role="status">
      <p>{CHOICES[feedback.kind].said}</p>
      {change.isPending ? (
        <p className="text-ink-3">Telling the stream …</p>
      ) : (
        <Effect kind={feedback.kind} effect={effect} before={anomaly.score} />
      )}
      {may && (
        <Button size="sm" disabled={change.isPending} onClick={() => change.mutate(null)}>
          <Undo2 aria-hidden /> Undo
        </Button>
      )}
    </div>
  );
}

interface EffectProps {
  kind: Kind;
  effect: Feedback['effect'];
  before: number | undefined;
}

function Effect({ kind, effect, before }: EffectProps) {
  if (kind !== 'expected') return <p className="text-ink-2">Noted. It changes no score.</p>;
  if (!effect)
    return <p className="text-ink-2">Noted. It was recorded by another tool, so no stream learns from it.</p>;
  if (!effect.taught)
    return <p className="text-ink-2">Noted, but {effect.note ?? 'the stream did not learn it'}.</p>;
  return (
    <>
      <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-lg border border-line bg-line text-sm">
        <div className="bg-panel px-3 py-2">
          <dt className="text-xs text-ink-3">Then</dt>
          <dd className="font-semibold tabular-nums">
            {before === undefined ? '–' : `${formatBits(before)} bits`}
          </dd>
        </div>
        <div className="bg-panel px-3 py-2">
          <dt className="text-xs text-ink-3">The same event now</dt>
          <dd className="font-semibold tabular-nums">{formatBits(effect.score)} bits</dd>
        </div>
      </dl>
      <p className="text-ink-2">
        {effect.anomaly
          ? `Still an anomaly (${formatOdds(effect.p_value)}): something else about it is odd too.`
          : `No alarm any more: that takes ${formatBits(effect.threshold)} bits.`}{' '}
        Undo takes exactly this back; what the stream learns by itself meanwhile stays.
      </p>
    </>
  );
}
