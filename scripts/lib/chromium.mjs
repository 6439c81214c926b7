// Finds a Chromium for the browser journey; on Debian and its kin installs the distribution's where there is none.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium'];
const installed = () => CANDIDATES.find((file) => fs.existsSync(file)) ?? null;

/** Root's own apt, or sudo where it asks for no password. */
function apt(args) {
  const command = process.getuid() === 0 ? ['apt-get', ...args] : ['sudo', '-n', 'apt-get', ...args];
  return spawnSync(command[0], command.slice(1), { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }).status === 0;
}

/** Path of a browser, or null. */
export function findChromium() {
  if (process.env.CHROMIUM_PATH) return process.env.CHROMIUM_PATH;
  if (!installed() && fs.existsSync('/usr/bin/apt-get')) {
    console.log('    installing chromium with apt …');
    const packages = ['install', '-y', '--no-install-recommends', 'chromium', 'fonts-liberation'];
    if (!apt(packages)) apt(['update']) && apt(packages);
  }
  return installed();
}
