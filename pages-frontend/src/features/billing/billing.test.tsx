import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { noticeOf } from '@/components/billing-banner';
import { billing, me } from '@/test/fixtures.js';
import { renderApp } from '@/test/app';
import { http, HttpResponse, problem, server } from '@/test/server';

const give = (overrides: object) =>
  server.use(http.get('*/v1/me/billing', () => HttpResponse.json(billing(overrides))));
const as = (role: string) =>
  server.use(
    http.get('*/v1/me', () =>
      HttpResponse.json({ ...me, organizations: [{ ...me.organizations[0], role }] }),
    ),
  );

describe('notices', () => {
  const notice = (overrides: object) => noticeOf(billing(overrides));
  it.each([
    ['nothing to say', {}, null, ''],
    ['a trial with time', { status: 'trialing', trial_days_remaining: 12 }, 'calm', '12 days left'],
    ['a trial that ends soon', { status: 'trialing', trial_days_remaining: 3 }, 'notable', 'in 3 days'],
    ['a trial that ends tomorrow', { status: 'trialing', trial_days_remaining: 1 }, 'urgent', 'tomorrow'],
    ['a failed payment', { status: 'grace', grace_days_remaining: 3 }, 'urgent', 'In 3 days'],
    [
      'a spent allowance that stops',
      { cap_reached: true, usage: { percent: 100, unrecorded_detections: 41 } },
      'urgent',
      '41 so far',
    ],
    [
      'an allowance gone beyond',
      { usage: { percent: 131, overage_detections: 15_500 } },
      'notable',
      '15,500',
    ],
    ['an allowance nearly spent', { usage: { percent: 92.7 } }, 'notable', '92 %'],
    ['an allowance that goes down', { usage: { percent: 70 } }, 'calm', '70 % of the allowance'],
    ['most of it left', { usage: { percent: 69.9 } }, null, ''],
    [
      'the soft cap',
      { usage: { percent: 120, overage_detections: 10_000 } },
      'notable',
      'soft cap of 120 %; 10,000',
    ],
    ['an allowance used up by events', { usage: { percent: 104 } }, 'notable', 'The allowance is used up.'],
    [
      'usage in a trial',
      { status: 'trialing', trial_days_remaining: 12, usage: { percent: 92 } },
      'notable',
      '12 days left. 92 % of',
    ],
    [
      'the soft cap in a trial',
      { status: 'trialing', trial_days_remaining: 1, usage: { percent: 125 } },
      'urgent',
      'tomorrow. 125 % of',
    ],
  ])('%s', (_what, overrides, tone, words) => {
    expect(notice(overrides)?.tone ?? null).toBe(tone);
    expect(notice(overrides)?.text ?? '').toContain(words);
  });

  it('stand on every page when they matter', async () => {
    give({ status: 'grace', grace_days_remaining: 3 });
    renderApp('/app/streams');
    expect(await screen.findByText(/The last payment failed. In 3 days/)).toBeVisible();
  });

  it('keep quiet when the API cannot say', async () => {
    server.use(http.get('*/v1/me/billing', () => problem(503, 'dependency_unavailable')));
    renderApp('/app/streams');
    expect(await screen.findByRole('link', { name: 'checkout-api' })).toBeVisible();
    expect(screen.queryByRole('complementary', { name: 'Plan' })).not.toBeInTheDocument();
  });
});

describe('usage', () => {
  it('shows the period with its forecast, each day and each stream', async () => {
    renderApp('/app/usage');
    expect(await screen.findByText('18.4M')).toBeVisible();
    expect(screen.getByRole('meter', { name: 'Detections used' })).toHaveAttribute('aria-valuenow', '64');
    expect(screen.getByText('$49')).toBeVisible();
    const days = await screen.findByRole('table', { name: 'Events and detections of each day' });
    expect(within(days).getAllByRole('row')).toHaveLength(22);
    expect(screen.getByRole('link', { name: 'checkout-api' })).toHaveAttribute(
      'href',
      '/app/streams/checkout-api',
    );
  });

  it('says which thresholds were reached, and when', async () => {
    give({
      usage: {
        percent: 122,
        overage_detections: 11_000,
        alerts: [70, 120].map((threshold, i) => ({ threshold, reached_at: `2026-11-1${i}T10:00:00Z` })),
      },
    });
    renderApp('/app/usage');
    const alerts = await screen.findByRole('list', { name: 'Alerts of this period' });
    expect(
      within(alerts)
        .getAllByRole('listitem')
        .map((item) => item.textContent),
    ).toEqual([
      '70 % of the allowance reached on 10 Nov',
      '120 % of the allowance (soft cap) reached on 11 Nov',
    ]);
    expect(screen.getByText(/more than the soft cap of 120 %; 11,000 detections beyond/)).toBeVisible();
  });

  it('has words for an empty period and for a failure', async () => {
    server.use(
      http.get('*/v1/me/usage/details', () => HttpResponse.json({ days: [], streams: [] })),
      http.get('*/v1/me/billing', () => problem(503, 'dependency_unavailable', 'Not available')),
    );
    renderApp('/app/usage');
    expect(await screen.findByText('Nothing in this period yet.')).toBeVisible();
    expect(await screen.findByText('Not available')).toBeVisible();
  });
});

describe('plan and invoices', () => {
  const assign = vi.fn();
  beforeEach(() => {
    assign.mockReset();
    // jsdom has no modal dialogs
    HTMLDialogElement.prototype.showModal = function () {
      this.open = true;
    };
    vi.stubGlobal('location', {
      ...window.location,
      assign,
      origin: 'http://localhost:3000',
      pathname: '/app/billing',
      href: 'http://localhost:3000/app/billing',
    });
  });
  afterEach(() => vi.unstubAllGlobals());

  it('goes to the checkout for a first plan', async () => {
    give({ status: 'none', plan: 'developer', trial_available: true });
    let asked: unknown;
    server.use(
      http.post('*/v1/billing/checkout', async ({ request }) => {
        asked = await request.json();
        return HttpResponse.json({ url: 'https://checkout.example/1' });
      }),
    );
    const { user } = renderApp('/app/billing');
    await user.click(await screen.findByRole('button', { name: 'Try Standard' }));
    await waitFor(() => expect(assign).toHaveBeenCalledWith('https://checkout.example/1'));
    expect(asked).toMatchObject({
      plan: 'standard',
      success_url: 'http://localhost:3000/app/billing?checkout=success',
    });
    expect(screen.getByRole('button', { name: 'Choose Growth' })).toBeVisible();
  });

  it('shows what a change costs before it makes it', async () => {
    let changed: unknown;
    server.use(
      http.post('*/v1/billing/change/preview', () =>
        HttpResponse.json({
          amount_due: 14_210,
          currency: 'usd',
          lines: [{ description: 'Growth, rest of the period', amount: 14_210 }],
          proration_date: 1_795_000_000,
        }),
      ),
      http.post('*/v1/billing/change', async ({ request }) => {
        changed = await request.json();
        return HttpResponse.json({ subscription: {} });
      }),
    );
    const { user } = renderApp('/app/billing');
    await user.click(await screen.findByRole('button', { name: 'Choose Growth' }));
    expect(await screen.findAllByText('$142.10')).toHaveLength(2);
    const change = screen.getByRole('button', { name: 'Change to Growth', hidden: true });
    await waitFor(() => expect(change).toBeEnabled());
    await user.click(change);
    expect(await screen.findByText('You are on Growth now.')).toBeVisible();
    expect(changed).toEqual({ plan: 'growth', proration_date: 1_795_000_000 });
  });

  it('lists invoices, opens the portal and keeps the hard cap', async () => {
    server.use(
      http.post('*/v1/billing/portal', () => HttpResponse.json({ url: 'https://portal.example' })),
      http.patch('*/v1/billing/settings', () => problem(403, 'insufficient_scope')),
    );
    const { user } = renderApp('/app/billing');
    expect(await screen.findByText('$51.20')).toBeVisible();
    await user.click(screen.getByRole('button', { name: /Cards, address/ }));
    await waitFor(() => expect(assign).toHaveBeenCalledWith('https://portal.example'));
    const cap = screen.getByRole('checkbox', { name: /Hard cap/ });
    await user.click(cap);
    expect(await screen.findByText(/The cap was not changed/)).toBeVisible();
    await waitFor(() => expect(cap).not.toBeChecked());
  });

  it('calculates', async () => {
    renderApp('/app/billing');
    const field = await screen.findByLabelText('Detections a month');
    const row = async (name: string) =>
      (await screen.findByRole('rowheader', { name: new RegExp(name) })).closest('tr');
    expect(await row('Standard')).toHaveTextContent('$59 a month');
    expect(await row('Standard')).toHaveTextContent('cheapest');
    fireEvent.change(field, { target: { value: '300000' } });
    await waitFor(async () => expect(await row('Growth')).toHaveTextContent('cheapest'));
  });

  it('offers a member nothing to buy and no invoices', async () => {
    as('member');
    renderApp('/app/billing');
    expect(await screen.findByText(/Owners and admins change the plan/)).toBeVisible();
    expect(screen.queryByRole('button', { name: /Choose/ })).not.toBeInTheDocument();
    expect(screen.queryByRole('heading', { name: 'Invoices' })).not.toBeInTheDocument();
  });
});
