// The `cbad` command, built natively: what the detector says about the same events without Worker, crash or network.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** One verdict for each line of text, from a detector with this seed. */
export async function verdicts(lines, seed) {
  const args = ['run', '--quiet', '--locked', '-p', 'cbad-wasm', '--bin', 'cbad', '--', 'score', '--format', 'lines', '--seed', String(seed)];
  const running = promisify(execFile)('cargo', args, { cwd: root, maxBuffer: 1 << 30 });
  running.child.stdin.end(lines.map((line) => `${line}\n`).join(''));
  const { stdout } = await running;
  return stdout.trim().split('\n').map((line) => JSON.parse(line));
}
