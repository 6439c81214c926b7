// Where things are: the checkout, npm packages inside it, and the state folders of the local stack.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's root folder. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** State of everything the scripts start; ignored by git, safe to delete when nothing runs. */
export const STATE = path.join(ROOT, '.driftlock');

/** Folder of an installed npm package, looked up from the checkout's root upwards. */
export function packageDir(name) {
  for (let dir = ROOT; ; dir = path.dirname(dir)) {
    const candidate = path.join(dir, 'node_modules', name);
    if (fs.existsSync(candidate)) return candidate;
    if (dir === path.dirname(dir)) throw new Error(`npm package ${name} is not installed for this platform: run npm ci`);
  }
}

/** Whether a process with these ids may pass through every folder on the way to `target`. */
export function reachableBy({ uid, gid }, target) {
  for (let dir = path.resolve(target); ; dir = path.dirname(dir)) {
    if (fs.existsSync(dir)) {
      const { mode, uid: owner, gid: group } = fs.statSync(dir);
      const execute = owner === uid ? 0o100 : group === gid ? 0o010 : 0o001;
      if (!(mode & execute)) return false;
    }
    if (dir === path.dirname(dir)) return true;
  }
}

/**
 * A folder for files of this checkout that another user (root's `postgres`) must reach although the checkout itself may
 * lie under a closed home. Ours alone to write to; a folder prepared by somebody else is refused.
 */
export function sharedDir() {
  const checkout = crypto.createHash('sha256').update(ROOT).digest('hex').slice(0, 12);
  const dir = path.join('/var/tmp', `driftlock-${process.getuid()}-${checkout}`);
  fs.mkdirSync(dir, { recursive: true, mode: 0o755 });
  const { uid, mode } = fs.lstatSync(dir);
  if (uid !== process.getuid() || mode & 0o022) throw new Error(`${dir} is not ours alone; remove it and try again`);
  fs.chmodSync(dir, 0o755);
  return dir;
}
