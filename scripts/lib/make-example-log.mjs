// Writes examples/checkout.log: a day's slice of an invented shop's checkout service, the same on every run.
//   node scripts/lib/make-example-log.mjs [LINES] > examples/checkout.log
// One line near the end is odd: a payment went through the gateway "sandbox", which production never uses.

/** mulberry32: a small seeded generator; good enough to invent a log, not for anything else. */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Endless ordinary lines; `payment(gateway)` makes the line of one payment. */
export function checkoutLog(seed = 20261120) {
  const random = generator(seed);
  const int = (low, high) => low + Math.floor(random() * (high - low + 1));
  const pick = (list) => list[int(0, list.length - 1)];
  const hex = (digits) => {
    const id = Array.from({ length: digits }, () => int(0, 15).toString(16)).join('');
    return /\d/.test(id) ? id : hex(digits); // one of letters alone would read as a word
  };
  const skewed = (typical) => Math.round(typical * Math.exp((random() + random() + random() - 1.5) * 0.9));
  const amount = () => `${int(4, 240)}.${pick(['00', '50', '90', '95', '99'])}`;
  let clock = Date.UTC(2026, 10, 20, 9, 0, 0);
  let order = 81_000;

  const line = (level, text) => {
    clock += int(80, 2400);
    return `${new Date(clock).toISOString()} ${level.padEnd(5)} checkout-api req=${hex(12)} ${text}`;
  };
  const payment = (gateway) => {
    order += 1;
    return line('INFO', `payment captured order=${order} amount=${amount()} currency=${pick(['EUR', 'EUR', 'USD', 'GBP'])} gateway=${gateway} took=${skewed(180)}ms`);
  };
  const kinds = [
    [24, () => line('INFO', `GET /cart/${hex(8)} 200 took=${skewed(14)}ms`)],
    [18, () => line('INFO', `cart updated user=${int(1000, 9999)} items=${int(1, 9)} total=${amount()}`)],
    [18, () => payment(pick(['stripe', 'stripe', 'adyen']))],
    [14, () => line('INFO', `stock reserved sku=SKU-${int(100, 480)} warehouse=${pick(['ams1', 'ams2', 'fra1'])} quantity=${int(1, 4)}`)],
    [10, () => line('INFO', `email queued template=${pick(['receipt', 'receipt', 'shipping'])} user=${int(1000, 9999)}`)],
    [8, () => line('DEBUG', `session refreshed user=${int(1000, 9999)} ttl=${pick([900, 1800, 3600])}`)],
    [5, () => line('WARN', `payment declined order=${order} code=${pick(['card_declined', 'insufficient_funds', 'expired_card'])} retry=${int(0, 2)}`)],
    [3, () => line('WARN', `slow query table=${pick(['orders', 'carts', 'stock'])} took=${skewed(900)}ms`)],
  ];
  const total = kinds.reduce((sum, [weight]) => sum + weight, 0);
  const ordinary = () => {
    let at = random() * total;
    for (const [weight, make] of kinds) {
      at -= weight;
      if (at < 0) return make();
    }
    return kinds[0][1]();
  };
  return { ordinary, payment };
}

if (process.argv[1]?.endsWith('make-example-log.mjs')) {
  const lines = Number(process.argv[2] ?? 1600);
  const log = checkoutLog();
  const odd = lines - 38;
  const text = Array.from({ length: lines }, (_, i) => `${i === odd ? log.payment('sandbox') : log.ordinary()}\n`).join('');
  process.stdout.write(text);
}
