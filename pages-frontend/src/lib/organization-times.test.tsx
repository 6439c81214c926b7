import { screen, waitFor, within } from '@testing-library/react';
import { logDetail, me, summary } from '@/test/fixtures.js';
import { config, redaction, settings } from '@/test/organization-fixtures.js';
import { renderApp } from '@/test/app';
import { http, HttpResponse, problem, server } from '@/test/server';
import { rememberedZone } from './remembered-zone';

const AT = '2026-03-01T12:00:00Z';
const org = String(me.organizations[0]?.id);
const zoneIs = (time_zone: string) =>
  server.use(
    http.get('*/v1/config', () =>
      HttpResponse.json({ ...config(), organization: { ...config().organization, time_zone } }),
    ),
  );
const row = async () => {
  await waitFor(() => expect(document.querySelector('[data-anomaly-row]')).not.toBeNull());
  return within(document.querySelector('[data-anomaly-row]') as HTMLElement);
};

beforeEach(() =>
  server.use(
    http.get('*/v1/anomalies', () =>
      HttpResponse.json({
        anomalies: [summary(logDetail({ timestamp: AT, detected_at: AT }))],
        next_cursor: null,
      }),
    ),
  ),
);

describe('times on a page', () => {
  it('are in the zone of the organisation, and remembered for the next visit', async () => {
    zoneIs('Asia/Tokyo');
    renderApp('/app/anomalies');
    expect(await (await row()).findByText('21:00:00 GMT+9')).toBeVisible();
    await waitFor(() => expect(rememberedZone.get(org)).toBe('Asia/Tokyo'));
    expect(rememberedZone.get('another')).toBeUndefined();
  });

  it('are right at once the next time', async () => {
    server.use(http.get('*/v1/config', () => problem(503, 'unavailable', 'Away')));
    rememberedZone.set(org, 'Asia/Tokyo');
    renderApp('/app/anomalies');
    expect((await row()).getByText('21:00:00 GMT+9')).toBeVisible();
  });

  it('follow a change of the setting', async () => {
    zoneIs('UTC');
    server.use(
      http.get('*/v1/organization', () => HttpResponse.json(settings())),
      http.get('*/v1/organization/redaction', () => HttpResponse.json(redaction())),
    );
    const { user } = renderApp('/app/settings/organization');
    await waitFor(() => expect(rememberedZone.get(org)).toBe('UTC'));
    server.use(
      http.patch('*/v1/organization', () => {
        zoneIs('Asia/Tokyo');
        return HttpResponse.json({ ...settings(), time_zone: 'Asia/Tokyo' });
      }),
    );
    await user.selectOptions(await screen.findByLabelText('Time zone'), 'Asia/Tokyo');
    await user.click(screen.getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(rememberedZone.get(org)).toBe('Asia/Tokyo'));
  });
});
