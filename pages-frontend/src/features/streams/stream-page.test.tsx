import { fireEvent, screen } from '@testing-library/react';
import { me, recentScores } from '@/test/fixtures.js';
import { renderApp } from '@/test/app';
import { http, HttpResponse, problem, server } from '@/test/server';

const open = () => renderApp('/app/streams/checkout-api');

describe('a stream', () => {
  it('shows what another sensitivity would have flagged, and sets it', async () => {
    let body: unknown;
    server.use(
      http.patch('*/v1/streams/:name', async ({ request }) => {
        body = await request.json();
        return HttpResponse.json({});
      }),
    );
    const { user } = open();
    const slider = await screen.findByRole('slider');
    expect(screen.getByText(/It flags/)).toHaveTextContent('It flags 3 of these 1,500 events.');
    fireEvent.change(slider, { target: { value: '0.9' } });
    expect(screen.getByText(/It would have flagged/)).toHaveTextContent(
      /flagged \d{2,} of these 1,500 events, instead of 3/,
    );
    await user.click(screen.getByRole('button', { name: 'Set to 0.90' }));
    expect(await screen.findByText('The sensitivity is set.')).toBeVisible();
    expect(body).toEqual({ sensitivity: 0.9 });
  });

  it('sets the promise beside what came', async () => {
    open();
    expect(await screen.findByText(/0.4 %, so up to 6 of 1,500/)).toBeVisible();
    expect(screen.getByText(/0.2 %, 3 of 1,500/)).toBeVisible();
  });

  it('does not judge the events it learned from', async () => {
    server.use(
      http.get('*/v1/streams/:name/recent', () =>
        HttpResponse.json({ ...recentScores(200), first_index: 0 }),
      ),
    );
    open();
    expect(await screen.findByText(/of these 72 events/)).toBeVisible();
  });

  it('judges numbers from where the API says that they are judged', async () => {
    server.use(
      http.get('*/v1/streams/:name/recent', () =>
        HttpResponse.json({
          ...recentScores(400),
          event_type: 'metric',
          first_index: 0,
          learning_events: 350,
        }),
      ),
    );
    open();
    expect(await screen.findByText(/of these 50 events/)).toBeVisible();
  });

  it('lets a member look but not set', async () => {
    server.use(
      http.get('*/v1/me', () =>
        HttpResponse.json({ ...me, organizations: [{ ...me.organizations[0], role: 'member' }] }),
      ),
    );
    open();
    expect(await screen.findByRole('slider')).toBeDisabled();
  });

  it('has words for a stream that is not there, and for one just loaded', async () => {
    server.use(http.get('*/v1/streams/:name', () => problem(404, 'not_found')));
    open();
    expect(await screen.findByText('No such stream')).toBeVisible();
  });

  it('has words for a stream just loaded', async () => {
    server.use(
      http.get('*/v1/streams/:name/recent', () => HttpResponse.json({ ...recentScores(0), scores: [] })),
    );
    open();
    expect(await screen.findByText(/None since the stream was last loaded/)).toBeVisible();
  });
});
