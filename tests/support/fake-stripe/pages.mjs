// Pages that the fake Stripe serves to people (and to browsers under test): checkout, customer portal, invoice and its PDF.
const CARDS = {
  4242424242424242: 'ok',
  4000000000000341: 'decline', // is taken, and every later charge fails
  4000002500003155: 'action',
};
const DECLINED = '4000000000000002';

const escape = (text) => String(text ?? '').replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);
const dollars = (cents) => `$${(cents / 100).toFixed(2)}`;
const day = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);

const html = (title, body) => `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><title>${escape(title)} (FAKE Stripe)</title>
<style>body{font:16px/1.5 system-ui;max-width:32rem;margin:2rem auto;padding:0 1rem}label{display:block;margin:.75rem 0}input{display:block;width:100%;padding:.4rem;font:inherit}[role=alert]{color:#b00020}</style>
<p><strong>FAKE Stripe: no money moves here.</strong></p><h1>${escape(title)}</h1>${body}</html>`;

const cardFields = `<label>Card number <input name="card_number" inputmode="numeric" autocomplete="cc-number" required></label>
<label>Expiry (MM / YY) <input name="card_expiry" autocomplete="cc-exp" required></label><label>CVC <input name="card_cvc" inputmode="numeric" autocomplete="cc-csc" required></label>`;

/** What a typed card is: {card}, or {problem} as Stripe's page words it. */
function readCard(form, now) {
  const number = (form.get('card_number') ?? '').replace(/\s/g, '');
  const [, month, year] = (form.get('card_expiry') ?? '').match(/^\s*(\d{2})\s*\/\s*(\d{2})\s*$/) ?? [];
  if (number === DECLINED) return { problem: 'Your card was declined.' };
  if (!CARDS[number]) return { problem: 'Your card number is invalid.' };
  if (!month || month < 1 || month > 12) return { problem: "Your card's expiration date is incomplete." };
  if (Date.UTC(2000 + Number(year), Number(month)) / 1000 <= now) return { problem: "Your card's expiration year is in the past." };
  if (!/^\d{3,4}$/.test(form.get('card_cvc') ?? '')) return { problem: "Your card's security code is incomplete." };
  return { card: CARDS[number] };
}

/** `complete(session, promotion?)` finishes a checkout. Gives serve(method, path, form): {status, html | pdf | location}. */
export function pages(engine, events, complete) {
  const alert = (problem) => (problem ? `<p role="alert">${escape(problem)}</p>` : '');
  const gone = { status: 404, html: html('Something went wrong', '<p>The page you were looking for could not be found.</p>') };

  function checkoutPage(session, problem) {
    if (session.status === 'expired') return { status: 404, html: html('This checkout session has expired', `<p><a href="${escape(session.cancel_url)}">Back</a></p>`) };
    if (session.status === 'complete') return { status: 200, html: html('You have already completed this checkout', `<p><a href="${escape(session.success_url)}">Back</a></p>`) };
    const { line_items: items, subscription_data: data = {}, allow_promotion_codes: codes, discounts } = session.asked;
    const lines = items.map(({ price }) => `<li>${escape(price.nickname)}: ${price.recurring.usage_type === 'metered' ? 'by use' : `${dollars(price.unit_amount)} a month`}</li>`).join('');
    const trial = data.trial_end ? `<p>Free until ${day(Number(data.trial_end))}, then by card.</p>` : '';
    const coupon = discounts.map((c) => `<p>${c.percent_off} % off</p>`).join('');
    const code = codes ? '<label>Promotion code (optional) <input name="promotion_code"></label>' : '';
    const label = data.trial_end ? 'Start trial' : 'Subscribe';
    return { status: problem ? 402 : 200, html: html('Subscribe to Driftlock', `<ul>${lines}</ul>${trial}${coupon}${alert(problem)}<form method="post">${cardFields}${code}<button>${label}</button></form><p><a href="${escape(session.cancel_url)}">Back</a></p>`) };
  }

  function submitCheckout(session, form) {
    const { card, problem } = readCard(form, engine.time);
    if (problem) return checkoutPage(session, problem);
    const typed = (form.get('promotion_code') ?? '').trim().toLowerCase();
    const promotion = typed ? [...engine.table('promotion_code').values()].find((p) => p.active && p.code.toLowerCase() === typed) : undefined;
    if (typed && !promotion) return checkoutPage(session, 'This code is invalid.');
    engine.table('customer').get(session.customer).card = card;
    complete(session, promotion);
    return { status: 303, location: session.success_url.replace('{CHECKOUT_SESSION_ID}', session.id) };
  }

  const ofCustomer = (table, customer) => [...engine.table(table).values()].filter((o) => o.customer === customer);

  function portalPage(session, problem) {
    const { customer } = session;
    const button = (action, id, label) => `<form method="post"><input type="hidden" name="action" value="${action}"><input type="hidden" name="id" value="${id}"><button>${label}</button></form>`;
    const plans = ofCustomer('subscription', customer).filter((s) => s.status !== 'canceled').map((s) => {
      const end = day(s.items.data[0].current_period_end);
      return `<li>${escape(s.items.data[0].price.nickname)} (${s.status}) ${s.cancel_at_period_end ? `ends on ${end} ${button('renew', s.id, "Don't cancel subscription")}` : `renews on ${end} ${button('cancel', s.id, 'Cancel subscription')}`}</li>`;
    });
    const invoices = ofCustomer('invoice', customer).filter((i) => i.status !== 'draft').map((i) => `<li><a href="${i.hosted_invoice_url}">${i.number}</a> ${dollars(i.amount_due)} ${i.status}${i.status === 'open' ? button('pay', i.id, 'Pay invoice') : ''}</li>`);
    return { status: problem ? 402 : 200, html: html('Your billing', `${alert(problem)}<h2>Current plan</h2><ul>${plans.join('') || '<li>none</li>'}</ul><h2>Payment method</h2><form method="post"><input type="hidden" name="action" value="card">${cardFields}<button>Save payment method</button></form>
<h2>Invoices</h2><ul>${invoices.join('') || '<li>none</li>'}</ul><p><a href="${escape(session.return_url)}">Return to Driftlock</a></p>`) };
  }

  function submitPortal(session, form) {
    const done = { status: 303, location: session.url };
    const id = form.get('id');
    const mine = (table) => ofCustomer(table, session.customer).find((o) => o.id === id);
    const action = form.get('action');
    if (action === 'card') {
      const { card, problem } = readCard(form, engine.time);
      if (problem) return portalPage(session, problem);
      const customer = engine.table('customer').get(session.customer);
      customer.card = card;
      events.emit('customer.updated', customer, { invoice_settings: { default_payment_method: null } });
      return done;
    }
    if (action === 'pay') {
      const invoice = mine('invoice');
      if (!invoice) return gone;
      return invoice.status !== 'open' || engine.pay(invoice) ? done : portalPage(session, 'Your card was declined.');
    }
    const subscription = mine('subscription');
    if (!subscription || !['cancel', 'renew'].includes(action)) return gone;
    engine.endWithPeriod(subscription, action === 'cancel');
    return done;
  }

  const invoicePage = (invoice) => ({ status: 200, html: html(`Invoice ${invoice.number}`, `<p>${dollars(invoice.amount_due)} ${invoice.status}</p><ul>${invoice.lines.data.map((l) => `<li>${escape(l.description)}: ${dollars(l.amount)}</li>`).join('')}</ul><p><a href="${invoice.invoice_pdf}">Download invoice</a></p>`) });

  return function serve(method, path, form) {
    const [, kind, id, pdf] = path.match(/^\/(pay|portal|invoice)\/([^/]+)(\/pdf)?$/) ?? [];
    const found = kind && engine.table({ pay: 'checkout.session', portal: 'portal_session', invoice: 'invoice' }[kind]).get(id);
    if (!found) return kind ? gone : null;
    const post = method === 'POST';
    if (kind === 'pay') return post && found.status === 'open' ? submitCheckout(found, form) : checkoutPage(found);
    if (kind === 'portal') return post ? submitPortal(found, form) : portalPage(found);
    return pdf ? { status: 200, pdf: pdfOf(`FAKE invoice ${found.number}: ${dollars(found.amount_due)}`) } : invoicePage(found);
  };
}

/** A PDF of one page with one line on it. */
function pdfOf(line) {
  const content = `BT /F1 18 Tf 72 720 Td (${line.replace(/[()\\]/g, '\\$&')}) Tj ET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>', '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
  ];
  let out = '%PDF-1.4\n';
  const offsets = objects.map((object, i) => {
    const at = out.length;
    out += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const start = out.length;
  out += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('')}`;
  return `${out}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`;
}
