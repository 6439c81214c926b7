import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { renderApp } from '@/test/app';
import { http, HttpResponse, problem, server } from '@/test/server';

const open = () => renderApp('/playground');
const paste = (text: string) =>
  fireEvent.change(screen.getByLabelText('Log, CSV or JSON'), { target: { value: text } });
const config = () =>
  server.use(
    http.get('*/config.json', () =>
      HttpResponse.json({ supabase_url: 'http://localhost:3000', supabase_publishable_key: 'k' }),
    ),
  );

describe('the playground', () => {
  it('names the API’s own host in the command where that is not the page’s', async () => {
    server.use(
      http.get('*/config.json', () =>
        HttpResponse.json({
          supabase_url: 'http://localhost:3000',
          supabase_publishable_key: 'k',
          api_url: 'https://api.driftlock.test/',
        }),
      ),
    );
    const { user } = open();
    await user.click(await screen.findByRole('radio', { name: 'Use the API' }));
    expect(await screen.findByText(/curl https:\/\/api\.driftlock\.test\/v1\/demo/)).toBeVisible();
  });

  it('finds what is odd in a sample, without a request', async () => {
    const { user } = open();
    await user.click(await screen.findByRole('button', { name: 'Shop log' }));
    expect(await screen.findByTestId('scan-summary')).toHaveTextContent(/odd of 1,600 events/);
    expect(screen.getAllByText(/sandbox/).length).toBeGreaterThan(0);
    expect(screen.getByText(/alarm at 8.0 bits/)).toBeInTheDocument();
    await user.click(screen.getByRole('radio', { name: 'Heat map' }));
    const map = screen.getByTestId('heat-map');
    expect(within(map).getByText('sandbox')).toHaveAttribute('data-level');
  });

  it('reads a table of numbers as a metric', async () => {
    const { user } = open();
    await user.click(await screen.findByRole('button', { name: 'Temperature CSV' }));
    expect(await screen.findByTestId('scan-summary')).toHaveTextContent(/odd of 2,016 events/);
    expect(screen.getByText(/read as CSV/)).toBeVisible();
  });

  it('takes what is pasted, says when it is too little and what it could not read', async () => {
    const { user } = open();
    await screen.findByRole('button', { name: 'Find what is odd' });
    paste('{"a":1}\n{"a":2}\nno json\n');
    await user.click(screen.getByRole('button', { name: 'Find what is odd' }));
    expect(await screen.findByTestId('scan-summary')).toHaveTextContent('2 events, all spent on learning');
    expect(screen.getByText(/1 could not be read: line 3 \(not JSON\)/)).toBeVisible();
  });

  it('takes a dropped file', async () => {
    open();
    const zone = await screen.findByRole('region', { name: 'What to read' });
    const text = Array.from({ length: 300 }, (_, i) => `user ${i % 9} paid ${i} ok`).join('\n');
    const file = new File([text], 'app.log');
    file.text = async () => text;
    fireEvent.drop(zone, { dataTransfer: { files: [file] } });
    expect(await screen.findByTestId('scan-summary')).toHaveTextContent('Nothing odd in 300 events');
    expect(screen.getByText('app.log')).toBeVisible();
  });

  it('says so when the file is not what it claims to be', async () => {
    const { user } = open();
    await screen.findByRole('button', { name: 'Find what is odd' });
    paste('[\n{"a":');
    await user.click(screen.getByRole('button', { name: 'Find what is odd' }));
    expect(await screen.findByTestId('scan-summary')).toHaveTextContent('No events found');
    expect(screen.getByText(/could not be read/)).toBeVisible();
  });

  it('asks the API without a credential and shows its prices', async () => {
    config();
    let asked: unknown;
    let credential: string | null = '?';
    server.use(
      http.post('*/v1/demo/detect', async ({ request }) => {
        asked = await request.json();
        credential = request.headers.get('authorization');
        return HttpResponse.json({
          accepted: 30,
          usual_bits: 20.1,
          rejected: [],
          note: '',
          events: [
            {
              index: 17,
              bits: 60.2,
              score: 40.1,
              anomaly: true,
              reason: '“sandbox” is new here.',
              tokens: [{ text: 'sandbox', start: 0, end: 7, bits: 20 }],
            },
          ],
        });
      }),
    );
    const { user } = open();
    await user.click(await screen.findByRole('radio', { name: 'Use the API' }));
    await waitFor(() => expect(screen.getByRole('button', { name: 'Send' })).toBeEnabled());
    await user.click(screen.getByRole('button', { name: 'Send' }));
    expect(await screen.findByText('“sandbox” is new here.')).toBeVisible();
    expect(screen.getByRole('heading', { name: 'One stands out' })).toBeVisible();
    expect(asked).toHaveLength(31);
    expect(credential).toBeNull();
    expect(screen.getByText(/curl .*demo\/detect/)).toBeVisible();
  });

  it('explains a refusal for too many requests', async () => {
    config();
    server.use(http.post('*/v1/demo/detect', () => problem(429, 'rate_limited')));
    const { user } = open();
    await user.click(await screen.findByRole('radio', { name: 'Use the API' }));
    await waitFor(() => expect(screen.getByRole('button', { name: 'Send' })).toBeEnabled());
    await user.click(screen.getByRole('button', { name: 'Send' }));
    await waitFor(() => expect(screen.getByText(/ten requests within a minute/)).toBeVisible());
  });
});
