// What the page and the detector's thread say to each other. The detector runs in a web worker, so that a long file
// never holds up the page, and nothing it reads leaves the machine.
import type { Course, CoursePoint, Kind, Verdict } from 'cbad';

export type { Course, CoursePoint, Kind, Verdict };

/** An event as text: what was received, byte for byte. */
export interface GivenEvent {
  text: string;
  format: 'text' | 'json';
  kind: Kind;
  group?: string | undefined;
  timestampMs?: number | undefined;
}

export const FORMATS = ['lines', 'ndjson', 'json', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

export interface ScanRequest {
  source: string | Blob;
  /** Guessed from name and content where it is not given. */
  format?: Format | undefined;
  name?: string | undefined;
  sensitivity: number;
}

export interface ScanProgress {
  events: number;
  /** Share of the input that has been read, 0 to 1. */
  share: number;
  anomalies: number;
}

/** An event that the detector raised an alarm for, with its explanation. */
export interface FoundAnomaly {
  /** 1-based number of the line, row or record. */
  line: number;
  index: number;
  event: GivenEvent;
  verdict: Verdict;
  /** How often the same cause was seen, this time included. */
  repeats: number;
}

export interface ScanResult {
  format: Format;
  events: number;
  /** Lines that are no event of the format, and the first few of them. */
  bad: number;
  badLines: { line: number; problem: string }[];
  /** Bits of surprise of every event, in order. */
  scores: Float32Array;
  /** Index of the first event after the learning phase; `events` if it never ended. */
  readyAt: number;
  /** The strongest, by score; `anomalyCount` counts all of them without repeats. */
  anomalies: FoundAnomaly[];
  anomalyCount: number;
  /** The score from which an event is an anomaly. */
  threshold: number;
  bytes: number;
  milliseconds: number;
}

export type Ask =
  | { id: number; do: 'replay'; event: GivenEvent; witness: string }
  /** What a metric's series did before an anomaly. */
  | { id: number; do: 'course'; event: GivenEvent; witness: string }
  | { id: number; do: 'scan'; request: ScanRequest }
  /** Learns a text of lines; what is explained afterwards is judged by it. */
  | { id: number; do: 'learn'; text: string }
  | { id: number; do: 'explain'; event: GivenEvent };

export type Reply =
  | { id: number; done: 'replay' | 'explain'; verdict: Verdict }
  | { id: number; done: 'course'; courses: Course[] }
  | { id: number; done: 'learn'; events: number }
  | { id: number; done: 'scan'; result: ScanResult }
  | { id: number; progress: ScanProgress }
  | { id: number; failed: string };
