// Lines like those of a distributed file system's data nodes, made here: the same on every run, nothing taken from a data set.

/** An endless source of lines (mulberry32 inside). */
export function* hdfsLikeLines(seed = 1) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  const pick = (list) => list[next() % list.length];
  const address = () => `10.${250 + (next() % 2)}.${next() % 20}.${next() % 256}`;
  const block = () => `blk_${next() % 2 ? '-' : ''}${next()}${String(next()).padStart(9, '0').slice(0, 9)}`;
  const two = (n) => String(n).padStart(2, '0');
  for (let i = 0; ; i += 1) {
    const seconds = Math.floor(i / 40);
    const head = `0811${two(9 + (Math.floor(seconds / 86400) % 20))} ${two(Math.floor(seconds / 3600) % 24)}${two(Math.floor(seconds / 60) % 60)}${two(seconds % 60)} ${next() % 9000} INFO`;
    const kind = next() % 100;
    if (kind < 30) yield `${head} dfs.DataNode$PacketResponder: PacketResponder ${next() % 3} for block ${block()} terminating`;
    else if (kind < 55) yield `${head} dfs.DataNode$PacketResponder: Received block ${block()} of size ${pick([67108864, 67108864, 67108864, next() % 67108864])} from /${address()}`;
    else if (kind < 80) yield `${head} dfs.FSNamesystem: BLOCK* NameSystem.addStoredBlock: blockMap updated: ${address()}:50010 is added to ${block()} size 67108864`;
    else if (kind < 95) yield `${head} dfs.DataNode$DataXceiver: Receiving block ${block()} src: /${address()}:${30000 + (next() % 30000)} dest: /${address()}:50010`;
    else if (kind < 99) yield `${head} dfs.FSNamesystem: BLOCK* NameSystem.allocateBlock: /mnt/hadoop/mapred/system/job_2008110920${two(next() % 60)}_${String(next() % 10000).padStart(4, '0')}/job.jar. ${block()}`;
    else yield `${head} dfs.DataBlockScanner: Verification succeeded for ${block()}`;
  }
}
