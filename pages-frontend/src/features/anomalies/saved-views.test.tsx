import { screen, waitFor } from '@testing-library/react';
import { me } from '@/test/fixtures.js';
import { renderApp } from '@/test/app';

const KEY = `driftlock.views.${me.organizations[0]?.id}`;

describe('saved views', () => {
  it('keeps the filters under a name, goes back to them, and forgets them', async () => {
    const { user, router } = renderApp('/app/anomalies?status=new&severity=high');
    await user.click(await screen.findByRole('button', { name: 'Save this view' }));
    await user.type(screen.getByLabelText('Name of the view'), 'To look at{Enter}');
    const view = screen.getByRole('button', { name: 'To look at' });
    expect(view).toHaveAttribute('aria-pressed', 'true');
    await user.click(view);
    await waitFor(() => expect(router.state.location.searchStr).toBe(''));
    // the page follows its address a moment later
    await waitFor(() => expect(view).toHaveAttribute('aria-pressed', 'false'));
    await user.click(view);
    await waitFor(() => expect(router.state.location.search).toEqual({ status: 'new', severity: 'high' }));
    await user.click(screen.getByRole('button', { name: 'Forget the view To look at' }));
    expect(JSON.parse(localStorage.getItem(KEY) ?? '')).toEqual([]);
  });

  it('reads what is stored with care', async () => {
    localStorage.setItem(
      KEY,
      JSON.stringify([
        { name: 'Odd', filters: { status: 'perhaps', severity: 'low' } },
        7,
        null,
        { name: 1 },
      ]),
    );
    const { user, router } = renderApp('/app/anomalies');
    await user.click(await screen.findByRole('button', { name: 'Odd' }));
    await waitFor(() => expect(router.state.location.search).toEqual({ severity: 'low' }));
  });
});
