// Builds everything a deployment uploads, where it is not up to date.
import { buildDashboard, buildWorker } from './build.mjs';

console.log(`Worker: ${await buildWorker()}`);
console.log(`dashboard: ${await buildDashboard()}`);
