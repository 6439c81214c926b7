import { createMemoryHistory } from '@tanstack/react-router';
import { LEAD_ON, PAGES } from '../../browser-tests/pages.mjs';
import { createQueryClient } from './query-client';
import { createAppRouter } from './router';

describe('the pages', () => {
  it('are all looked at by the browser tests: browser-tests/pages.mjs', () => {
    const services = () => Promise.reject(new Error('nobody is signed in'));
    const router = createAppRouter({ queryClient: createQueryClient(), services }, createMemoryHistory());
    const known = [...Object.keys(PAGES), ...LEAD_ON];
    expect(Object.keys(router.routesByPath).sort()).toEqual(known.sort());
  });
});
