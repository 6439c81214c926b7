// What the detector's thread does, without the thread: tests run it as it stands.
import type { course, Detector, Event, replay, Verdict } from 'cbad';
import type { Ask, FoundAnomaly, GivenEvent, Reply, ScanProgress, ScanRequest, ScanResult } from './protocol';
import { guessFormat, readEvents } from './read-events';

export interface Cbad {
  Detector: typeof Detector;
  replay: typeof replay;
  course: typeof course;
}

/** What `learn` left behind. */
let learnt: Detector | undefined;

type Post = (reply: Reply, transfer?: Transferable[]) => void;

export async function answer(ask: Ask, cbad: Cbad, post: Post): Promise<void> {
  const { id } = ask;
  try {
    if (ask.do === 'replay') {
      post({ id, done: 'replay', verdict: cbad.replay(asEvent(ask.event), ask.witness) });
    } else if (ask.do === 'course') {
      post({ id, done: 'course', courses: cbad.course(asEvent(ask.event), ask.witness) });
    } else if (ask.do === 'learn') {
      learnt?.free();
      learnt = new cbad.Detector();
      for (const item of readEvents(ask.text, 'lines'))
        if ('event' in item) learnt.observe(asEvent(item.event));
      post({ id, done: 'learn', events: learnt.eventsSeen });
    } else if (ask.do === 'explain') {
      if (!learnt) throw new Error('nothing has been learnt yet');
      post({ id, done: 'explain', verdict: learnt.explain(asEvent(ask.event)) });
    } else {
      const result = await scan(ask.request, cbad, (progress) => post({ id, progress }));
      post({ id, done: 'scan', result }, [result.scores.buffer]);
    }
  } catch (error) {
    post({ id, failed: error instanceof Error ? error.message : String(error) });
  }
}

export function asEvent(given: GivenEvent): Event {
  return {
    ...(given.format === 'json' ? { json: given.text } : { data: given.text }),
    type: given.kind,
    ...(given.group === undefined ? {} : { group: given.group }),
    ...(given.timestampMs === undefined ? {} : { timestampMs: given.timestampMs }),
  };
}

const PROGRESS_MS = 60;
const LOOK_EVERY = 64;
const KEPT = 300;
const BAD_KEPT = 5;
const TEXT_KEPT = 20_000;

/** The surprise from which an event is an anomaly: −log₂ α with α = 10^(3.2·sensitivity − 4). */
export const thresholdOf = (sensitivity: number): number => -Math.log2(10 ** (3.2 * sensitivity - 4));

async function scan(
  request: ScanRequest,
  cbad: Cbad,
  onProgress: (progress: ScanProgress) => void,
): Promise<ScanResult> {
  const text = typeof request.source === 'string' ? request.source : await request.source.text();
  const format = request.format ?? guessFormat(text, request.name);
  const detector = new cbad.Detector({ sensitivity: request.sensitivity });
  const begun = performance.now();
  let looked = begun;
  const scores: number[] = [];
  const anomalies: FoundAnomaly[] = [];
  const byIndex = new Map<number, FoundAnomaly>();
  const badLines: ScanResult['badLines'] = [];
  let bad = 0;
  let readyAt = -1;
  let found = 0;
  try {
    for (const item of readEvents(text, format)) {
      if ('problem' in item) {
        bad += 1;
        if (badLines.length < BAD_KEPT) badLines.push({ line: item.line, problem: item.problem });
        continue;
      }
      const verdict = detector.observe(asEvent(item.event));
      if (readyAt < 0 && verdict.state !== 'learning') readyAt = scores.length;
      scores.push(verdict.score);
      if (verdict.anomaly) {
        const first = verdict.repeat_of === undefined ? undefined : byIndex.get(verdict.repeat_of);
        if (first) first.repeats += 1;
        else if (verdict.repeat_of === undefined) {
          found += 1;
          keep(anomalies, byIndex, item.line, item.event, verdict);
        }
      }
      if (scores.length % LOOK_EVERY === 0 && performance.now() - looked > PROGRESS_MS) {
        looked = performance.now();
        onProgress({ events: scores.length, share: item.position / text.length, anomalies: found });
      }
    }
  } finally {
    detector.free();
  }
  return {
    format,
    events: scores.length,
    bad,
    badLines,
    scores: Float32Array.from(scores),
    readyAt: readyAt < 0 ? scores.length : readyAt,
    anomalies: anomalies.sort((a, b) => b.verdict.score - a.verdict.score).slice(0, KEPT),
    anomalyCount: found,
    threshold: thresholdOf(request.sensitivity),
    bytes: typeof request.source === 'string' ? new TextEncoder().encode(text).length : request.source.size,
    milliseconds: performance.now() - begun,
  };
}

/** Of a very noisy file only the strongest stay in memory. */
function keep(
  anomalies: FoundAnomaly[],
  byIndex: Map<number, FoundAnomaly>,
  line: number,
  event: GivenEvent,
  verdict: Verdict,
) {
  const entry = {
    line,
    index: verdict.index,
    event: { ...event, text: event.text.slice(0, TEXT_KEPT) },
    verdict,
    repeats: 1,
  };
  anomalies.push(entry);
  byIndex.set(verdict.index, entry);
  if (anomalies.length < 2 * KEPT) return;
  anomalies.sort((a, b) => b.verdict.score - a.verdict.score);
  for (const gone of anomalies.splice(KEPT)) byIndex.delete(gone.index);
}
