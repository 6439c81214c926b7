// Checks JSON against the types that Stripe's own library for Node ships, which are generated from Stripe's OpenAPI: required fields
// are there, no unknown ones, enums have values of the list. Also for requests in form encoding, where everything is text.
import { createRequire } from 'node:module';
import path from 'node:path';
import { ROOT } from '../../scripts/stack/paths.mjs';

const ts = createRequire(path.join(ROOT, 'pages-frontend/package.json'))('typescript');
const MAIN = path.join(ROOT, 'tests/support/stripe-types.virtual.ts');

/** The library leaves room for values that it does not know yet, and wraps decimals; on the wire of one version neither is so. */
const strict = (file, text) => {
  if (!/stripe[\\/]esm[\\/]shared\.d\.ts$/.test(file)) return text;
  const narrowed = text.replace('type OtherString = string & Record<never, never>', 'type OtherString = never').replace("export { Decimal } from './Decimal.js';", 'export type Decimal = string;');
  if (narrowed === text) throw new Error('the types of the stripe package have changed: OtherString, Decimal');
  return narrowed.replace(/import .*Decimal.*\n/g, '');
};

/** `names`: e.g. `Subscription`, `Checkout.Session`, `SubscriptionUpdateParams`. Gives {check(name, value, {form}), template(name)}. */
export function stripeTypes(names) {
  const options = { noEmit: true, strict: true, skipLibCheck: true, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ES2022, lib: ['lib.es2022.d.ts'], types: [], baseUrl: ROOT };
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  const source = `import type Stripe from 'stripe';\n${names.map((name, i) => `export declare const t${i}: Stripe.${name};`).join('\n')}`;
  host.getSourceFile = (file, language) => {
    if (file === MAIN) return ts.createSourceFile(file, source, language);
    if (/stripe[\\/]esm[\\/]shared\.d\.ts$/.test(file)) return ts.createSourceFile(file, strict(file, ts.sys.readFile(file)), language);
    return read(file, language);
  };
  const exists = host.fileExists.bind(host);
  host.fileExists = (file) => file === MAIN || exists(file);
  const program = ts.createProgram([MAIN], options, host);
  const checker = program.getTypeChecker();
  const main = program.getSourceFile(MAIN);
  const types = new Map();
  for (const symbol of checker.getExportsOfModule(checker.getSymbolAtLocation(main))) types.set(names[Number(symbol.name.slice(1))], checker.getTypeOfSymbolAtLocation(symbol, main));
  for (const [name, type] of types) if (type.flags & ts.TypeFlags.Any) throw new Error(`the stripe package has no type ${name}`);

  const isA = (type, flag) => Boolean(type.flags & flag);
  const members = (type) => (type.isUnion() ? type.types : [type]);
  const typeOfProperty = (symbol) => checker.getTypeOfSymbol(symbol);

  function literal(value, type, form) {
    if (isA(type, ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return true;
    if (value === null) return isA(type, ts.TypeFlags.Null);
    if (type.isStringLiteral()) return value === type.value;
    if (isA(type, ts.TypeFlags.String)) return typeof value === 'string';
    if (type.isNumberLiteral()) return form ? value === String(type.value) : value === type.value;
    if (isA(type, ts.TypeFlags.Number)) return form ? /^-?\d+(\.\d+)?$/.test(value) : typeof value === 'number';
    if (isA(type, ts.TypeFlags.BooleanLiteral)) return String(value) === type.intrinsicName && (form || typeof value === 'boolean');
    return false;
  }

  /** Problems of `value`, each with its path; the union member with the fewest counts. */
  function check(value, type, at, form) {
    const options = members(type).filter((t) => !isA(t, ts.TypeFlags.Undefined));
    if (typeof value !== 'object' || value === null) {
      if (options.some((t) => literal(value, t, form))) return [];
      return [`${at}: ${JSON.stringify(value)} is no ${checker.typeToString(type).slice(0, 120)}`];
    }
    const objects = options.filter((t) => isA(t, ts.TypeFlags.Object | ts.TypeFlags.Intersection | ts.TypeFlags.Any | ts.TypeFlags.NonPrimitive));
    if (!objects.length) return [`${at}: an object where ${checker.typeToString(type).slice(0, 120)} belongs`];
    return objects.map((t) => structure(value, t, at, form)).sort((a, b) => a.length - b.length)[0];
  }

  function structure(value, type, at, form) {
    if (isA(type, ts.TypeFlags.Any)) return [];
    const isList = checker.isArrayType(type);
    if (Array.isArray(value) !== isList) return [`${at}: ${isList ? 'no list' : 'a list'}`];
    if (isList) return value.flatMap((item, i) => check(item, checker.getTypeArguments(type)[0], `${at}[${i}]`, form));
    const open = checker.getIndexTypeOfType(type, ts.IndexKind.String);
    const known = new Map(checker.getPropertiesOfType(type).map((p) => [p.name, p]));
    const problems = [];
    for (const [name, inner] of Object.entries(value)) {
      if (inner === undefined) continue;
      const of = known.get(name);
      if (of) problems.push(...check(inner, typeOfProperty(of), `${at}.${name}`, form));
      else if (open) problems.push(...check(inner, open, `${at}.${name}`, form));
      else problems.push(`${at}.${name}: unknown`);
    }
    // lastResponse is the library's, not the wire's
    for (const [name, symbol] of known) if (!(symbol.flags & ts.SymbolFlags.Optional) && !(symbol.flags & ts.SymbolFlags.Method) && value[name] === undefined && name !== 'lastResponse') problems.push(`${at}.${name}: missing`);
    return problems;
  }

  /** The least that has the type: null, else the first of a list of words, zero, false, nothing. */
  function least(type, depth = 0) {
    const options = members(type).filter((t) => !isA(t, ts.TypeFlags.Undefined));
    if (options.some((t) => isA(t, ts.TypeFlags.Null))) return null;
    const word = options.find((t) => t.isStringLiteral() || t.isNumberLiteral());
    if (word) return word.value;
    if (options.some((t) => isA(t, ts.TypeFlags.String))) return '';
    if (options.some((t) => isA(t, ts.TypeFlags.Number))) return 0;
    if (options.some((t) => isA(t, ts.TypeFlags.BooleanLike))) return options.every((t) => t.intrinsicName === 'true');
    if (options.some((t) => checker.isArrayType(t))) return [];
    if (depth > 6) return {};
    const object = options.find((t) => isA(t, ts.TypeFlags.Object));
    const required = object ? checker.getPropertiesOfType(object).filter((p) => !(p.flags & (ts.SymbolFlags.Optional | ts.SymbolFlags.Method)) && p.name !== 'lastResponse') : [];
    return Object.fromEntries(required.map((p) => [p.name, least(typeOfProperty(p), depth + 1)]));
  }

  return {
    check: (name, value, { form = false } = {}) => check(value, types.get(name), name, form),
    template: (name) => least(types.get(name)),
  };
}
