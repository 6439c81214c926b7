import { newestScores, type Recent } from './recent';

const recent = (scores: number[], more: Partial<Recent> = {}): Recent => ({
  state: 'ready',
  sensitivity: 0.5,
  alpha: 0.001,
  events_seen: 1_000,
  first_index: 900,
  learning_events: 128,
  generation: 0,
  runs: [{ first_seq: 900, count: scores.length }],
  scores,
  ...more,
});

describe('newestScores', () => {
  it('takes the last ones, all of which were judged', () =>
    expect(newestScores(recent([1, 2, 3, 4, 5]), 3)).toEqual({ scores: [3, 4, 5], readyAt: 0 }));

  it('tells which of them were only learnt from', () => {
    const learning = { first_index: 0, learning_events: 4 };
    expect(newestScores(recent([1, 2, 3, 4, 5, 6], learning), 3)).toEqual({ scores: [4, 5, 6], readyAt: 1 });
    expect(newestScores(recent([1, 2], learning), 3)).toEqual({ scores: [1, 2], readyAt: 4 });
  });

  it('lets shards take turns, the newest of each last', () => {
    const runs = [
      { first_seq: 0, count: 3 },
      { first_seq: 50, count: 2 },
    ];
    expect(newestScores(recent([1, 2, 3, 10, 20], { runs }), 4).scores).toEqual([2, 10, 3, 20]);
    expect(newestScores(recent([1, 2, 3, 10, 20], { runs }), 99).scores).toEqual([1, 2, 10, 3, 20]);
  });
});
