// Whether docs/openapi.json still says what the code does: the Worker's routes, the plan table, the problem codes, and the types
// that the dashboard was built from. Each check names what differs.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../stack/paths.mjs';
import { command } from './test-checks.mjs';

const read = (name) => fs.readFileSync(path.join(ROOT, name), 'utf8');
const json = (name) => JSON.parse(read(name));

/** Routes that exist under TEST_HOOKS alone. */
const isHook = ({ path: name }) => name.startsWith('/v1/_test/');

const missing = (wanted, from) => wanted.filter((each) => !from.includes(each));

function routes(document) {
  const exported = json('tests/fixtures/routes.json').filter((route) => !isHook(route)).map((route) => `${route.method} ${route.path}`);
  const documented = Object.entries(document.paths).flatMap(([name, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${name}`));
  const absent = missing(exported, documented).map((route) => `${route} is not in it`);
  const invented = missing(documented, exported).map((route) => `${route} is no route`);
  return { name: 'docs/openapi.json has every route, and no other', differences: [...absent, ...invented], figure: `${documented.length} routes` };
}

function plans(document) {
  const table = json('pages-frontend/src/config/plans.json');
  const shown = document.paths['/v1/plans'].get.responses['200'].content['application/json'].example.plans;
  const ids = document.components.schemas.Plan.properties.id.enum;
  const members = Object.keys(document.components.schemas.Plan.properties).sort();
  const differences = table.flatMap((plan) => {
    const same = JSON.stringify(sorted(plan)) === JSON.stringify(sorted(shown.find(({ id }) => id === plan.id) ?? {}));
    return [!same && `the example of ${plan.id} is not the plan`, String(Object.keys(plan).sort()) !== String(members) && `the members of ${plan.id} are not those of Plan`].filter(Boolean);
  });
  if (String(ids) !== String(table.map(({ id }) => id)) || shown.length !== table.length) differences.push(`the plans are ${table.map(({ id }) => id).join(', ')}`);
  return { name: 'docs/openapi.json has the plans of the plan table', differences, figure: `${table.length} plans` };
}

const sorted = (object) => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));

/** docs/API.md has a row for every code of the Worker; a Rust test sees to that. */
function codes(document) {
  const explained = [...read('docs/API.md').matchAll(/<a id="([a-z_]+)"><\/a>`\1` \|/g)].map(([, code]) => code);
  const named = document.components.schemas.Problem.properties.code.enum;
  const differences = [...missing(explained, named).map((code) => `${code} is not in it`), ...missing(named, explained).map((code) => `${code} is no code`)];
  return { name: 'docs/openapi.json has every problem code', differences, figure: `${named.length} codes` };
}

/** Every `$ref` must lead somewhere. */
function references(document) {
  const differences = [];
  let count = 0;
  const walk = (value) => {
    if (value === null || typeof value !== 'object') return;
    if (typeof value.$ref === 'string') {
      count += 1;
      const target = value.$ref.slice(2).split('/').reduce((at, key) => at?.[key], document);
      if (target === undefined) differences.push(`${value.$ref} leads nowhere`);
    }
    Object.values(value).forEach(walk);
  };
  walk(document);
  return { name: 'docs/openapi.json refers to what it has', differences, figure: `${count} references` };
}

export async function* openapiChecks() {
  const document = json('docs/openapi.json');
  for (const check of [routes, plans, codes, references]) {
    const { name, differences, figure } = check(document);
    yield { name, ok: differences.length === 0, figure, detail: differences.join('\n') || undefined };
  }
  const { status, output } = await command('npm', ['run', '-s', 'check:api'], { cwd: path.join(ROOT, 'pages-frontend') });
  yield { name: 'the dashboard’s API types are those of docs/openapi.json', ok: status === 0, detail: status === 0 ? undefined : `run npm run generate:api in pages-frontend\n${output}` };
}
