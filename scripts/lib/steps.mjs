// Progress on a terminal or in a log: one line per step with its time; a terminal sees the running step tick.
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const isTerminal = process.stdout.isTTY;

const printer = {
  write: (line) => process.stdout.write(`${line}\n`),
  tick: (line) => isTerminal && process.stdout.write(`\r\x1b[K${line}`),
  clear: () => isTerminal && process.stdout.write('\r\x1b[K'),
};

/**
 * Runs `work(note)` as a step called `name`. It may call note(text) to refine what the line says.
 * The result is passed on; an error ends the line with a cross and is thrown on.
 */
export async function step(name, work) {
  const start = performance.now();
  let text = name;
  const show = () => printer.tick(`  … ${text} ${seconds(performance.now() - start)}`);
  const ticking = setInterval(show, 200);
  // a log says at least once a minute that something is still going on
  const heartbeat = setInterval(() => isTerminal || printer.write(`  … ${text} (${seconds(performance.now() - start)} so far)`), 60_000);
  let mark = '✓';
  try {
    return await work((refined) => (text = refined));
  } catch (error) {
    mark = '✗';
    throw error;
  } finally {
    clearInterval(ticking);
    clearInterval(heartbeat);
    printer.clear();
    printer.write(`  ${mark} ${text} ${seconds(performance.now() - start)}`);
  }
}

/** Prints an error as one line when it is meant for people, with its stack when it is a defect of ours. */
export function reportError(error) {
  process.stderr.write(`${error.plain ? error.message : (error.stack ?? error)}\n`);
}
