// What ./scripts/replay shows: a progress bar on a terminal, and anomalies with their surprising tokens marked.
const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);

const shortP = (p) => (p === undefined ? '?' : p < 0.001 ? p.toExponential(1) : p.toFixed(3));

/** Tokens from the most surprising down; ties keep their place in the text. */
const topTokens = (tokens, count) => [...(tokens ?? [])].sort((a, b) => b.bits - a.bits).slice(0, count);

/** An anomaly as lines of text: where, how improbable, the event with its oddest token marked, why, and what was usual. */
export function formatAnomaly(anomaly, line) {
  const tokens = topTokens(anomaly.tokens, 3).filter((token) => token.bits > 1);
  let shown = line.text;
  if (colour && tokens[0]) shown = shown.split(tokens[0].text).join(paint('1;31', tokens[0].text));
  const head = `${paint('1', `${anomaly.severity} anomaly`)} at line ${line.number} of ${anomaly.stream}: score ${anomaly.score.toFixed(1)} bits, p = ${shortP(anomaly.p_value)}`;
  const parts = [head, `  ${shown}`, `  ${anomaly.reason}`];
  for (const { text, bits, expected } of tokens) {
    const usual = (expected ?? []).slice(0, 3).map((e) => `${JSON.stringify(e.text)} (${e.count}×)`).join(', ');
    parts.push(`    ${JSON.stringify(text)} ${bits.toFixed(1)} bits${usual ? `, usually ${usual}` : ''}`);
  }
  if (anomaly.id) parts.push(`  id ${anomaly.id}`);
  return `${parts.join('\n')}\n`;
}

/** A bar on standard error when that is a terminal; print() puts lines above it. */
export function progressBar(totalBytes, quiet) {
  const active = process.stderr.isTTY && !quiet;
  const clear = () => active && process.stderr.write('\r\x1b[K');
  let current = '';
  const draw = () => active && process.stderr.write(`\r\x1b[K${current}`);
  return {
    update(bytes, events, anomalies) {
      const share = totalBytes ? Math.min(1, bytes / totalBytes) : 1;
      const filled = Math.round(share * 30);
      current = `[${'█'.repeat(filled)}${'·'.repeat(30 - filled)}] ${(share * 100).toFixed(0).padStart(3)} %  ${events.toLocaleString('en')} events  ${anomalies} anomalies`;
      draw();
    },
    note(text) {
      if (active) process.stderr.write(`\r\x1b[K${current}  ${text.slice(0, 80)}`);
      else if (!quiet) process.stderr.write(`${text}\n`);
    },
    print(text) {
      clear();
      process.stdout.write(`${text}\n`);
      draw();
    },
    end: clear,
  };
}
