// Stripe's form encoding, and which parameters a call takes.

/** `a[b][0]=x` → {a: {b: ['x']}}. */
export function parseForm(text) {
  const root = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const path = name.split(/\]\[|\[|\]$/).filter((part, i, all) => part !== '' || (i === all.length - 1 && name.endsWith('[]')));
    let at = root;
    path.forEach((part, i) => {
      if (i < path.length - 1) at = at[part] ??= {};
      else if (part === '') at[Object.keys(at).length] = value;
      else at[part] = value;
    });
  }
  return arrays(root);
}

function arrays(value) {
  if (!value || typeof value !== 'object') return value;
  const keys = Object.keys(value);
  if (keys.length && keys.every((key) => /^\d+$/.test(key))) return keys.sort((a, b) => a - b).map((key) => arrays(value[key]));
  return Object.fromEntries(keys.map((key) => [key, arrays(value[key])]));
}

/** Names as `items[].price`: indices and metadata keys left out. */
export function namesOf(text) {
  return [...new URLSearchParams(text).keys()].map((name) => name.replace(/\[(\d*)\]/g, '[]').replace(/\[([^\]]+)\]/g, '.$1'));
}

/** The first name that none of `allowed` covers. `metadata.*` covers all below it. */
export const unknownName = (names, allowed) => names.find((name) => !allowed.some((a) => a === name || (a.endsWith('.*') && name.startsWith(a.slice(0, -1)))));
