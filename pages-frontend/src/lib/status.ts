// The life of an anomaly: new → acknowledged → resolved or false positive; any of the latter can be reopened.
// The API refuses every other move with 409.

export const STATUSES = ['new', 'acknowledged', 'resolved', 'false_positive'] as const;
export type Status = (typeof STATUSES)[number];

export const SEVERITIES = ['low', 'medium', 'high'] as const;
export type Severity = (typeof SEVERITIES)[number];

export const STATUS_LABELS: Record<Status, string> = {
  new: 'New',
  acknowledged: 'Acknowledged',
  resolved: 'Resolved',
  false_positive: 'False positive',
};

export interface Move {
  to: Status;
  label: string;
  done: string;
}

const ACKNOWLEDGE: Move = { to: 'acknowledged', label: 'Acknowledge', done: 'Acknowledged' };
const RESOLVE: Move = { to: 'resolved', label: 'Resolve', done: 'Resolved' };
const DISMISS: Move = { to: 'false_positive', label: 'False positive', done: 'Marked as a false positive' };
const REOPEN: Move = { to: 'new', label: 'Reopen', done: 'Reopened' };

/** Moves the API allows from a status; the likeliest first. */
export const MOVES: Record<Status, readonly Move[]> = {
  new: [ACKNOWLEDGE],
  acknowledged: [RESOLVE, DISMISS, REOPEN],
  resolved: [REOPEN],
  false_positive: [REOPEN],
};
