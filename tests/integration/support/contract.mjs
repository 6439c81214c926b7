// Holds answers of the Worker against docs/openapi.json: the status must be documented, and a JSON answer must have the shape it
// says, with no member that it does not name.
import fs from 'node:fs';
import addFormats from 'ajv-formats';
import Ajv2020 from 'ajv/dist/2020.js';

const document = JSON.parse(fs.readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8'));

const resolve = (value) => (value?.$ref ? value.$ref.slice(2).split('/').reduce((at, key) => at[key], document) : value);

/** A schema that refuses members it does not name; `allOf` becomes one object, since each part alone would refuse the others'. */
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (schema === null || typeof schema !== 'object') return schema;
  if (schema.allOf) {
    const parts = schema.allOf.map(resolve);
    const { allOf, ...rest } = schema;
    return closed({ ...rest, type: 'object', required: parts.flatMap((part) => part.required ?? []), properties: Object.assign({}, ...parts.map((part) => part.properties)) });
  }
  const out = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties') out[key] = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, closed(inner)]));
    else out[key] = ['enum', 'const', 'required', 'example'].includes(key) ? value : closed(value);
  }
  if (out.properties && out.additionalProperties === undefined) out.additionalProperties = false;
  return out;
}

const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, strictRequired: false });
addFormats(ajv);
ajv.addKeyword('components');
const schemas = Object.fromEntries(Object.entries(document.components.schemas).map(([name, schema]) => [name, closed(schema)]));
ajv.addSchema({ $id: 'driftlock:api', components: { schemas } });
const compiled = new Map();

function validatorOf(schema) {
  const text = JSON.stringify(closed(schema)).replaceAll('"#/components/', '"driftlock:api#/components/');
  if (!compiled.has(text)) compiled.set(text, ajv.compile(JSON.parse(text)));
  return compiled.get(text);
}

/** Templates with the most literal ones first: `/v1/organizations/deleted` is no `{id}`. */
const templates = Object.keys(document.paths)
  .map((name) => ({ name, pattern: new RegExp(`^${name.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`) }))
  .sort((a, b) => (a.name.match(/\{/g)?.length ?? 0) - (b.name.match(/\{/g)?.length ?? 0));

/** The operation that a request is for, or undefined where the document has none. */
function operationOf(method, path) {
  const bare = path.split('?')[0];
  const template = templates.find(({ name, pattern }) => pattern.test(bare) && document.paths[name][method.toLowerCase()]);
  return template && document.paths[template.name][method.toLowerCase()];
}

/**
 * What of an answer is not as documented, in words; empty where it all is. `body` is the parsed JSON, or text.
 * Routes that the document does not have, and answers that are not JSON, have nothing to differ from but their status.
 */
export function differences(method, path, { status, contentType, body }) {
  const operation = operationOf(method, path);
  if (!operation) return [];
  const where = `${method} ${path} ${status}`;
  const response = resolve(operation.responses[status]);
  if (!response) return [`${where}: the status is not documented`];
  const type = (contentType ?? '').split(';')[0].trim();
  if (!response.content) return type && body ? [`${where}: ${type}, where nothing is documented`] : [];
  const media = response.content[type];
  if (!media) return [`${where}: ${type || 'no content'}, not ${Object.keys(response.content).join(' or ')}`];
  if (!/json$/.test(type)) return [];
  const validate = validatorOf(media.schema);
  if (validate(body)) return [];
  return validate.errors.map((error) => `${where}: ${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params)}`);
}

/** The same for an answer of `api()`. */
export const answerDifferences = (method, path, { status, headers, body }) => differences(method, path, { status, contentType: headers.get('content-type'), body });
