// The plan table as the dashboard has it: generated, and checked against the Worker's by a test of its own.
import fs from 'node:fs';

export const PLANS = JSON.parse(fs.readFileSync(new URL('../../../pages-frontend/src/config/plans.json', import.meta.url), 'utf8'));
