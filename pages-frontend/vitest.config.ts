import { defineConfig, mergeConfig } from 'vitest/config';
import viteConfig from './vite.config';

// Pages need a document; algorithms and the API client do not, and start in a fraction of the time without.
const WITH_DOCUMENT = ['src/**/*.test.tsx', 'src/lib/live-feed.test.ts'];

export default mergeConfig(
  viteConfig,
  defineConfig({
    test: {
      globals: true,
      css: false,
      pool: 'threads',
      poolOptions: { threads: { maxThreads: 2, minThreads: 1 } },
      restoreMocks: true,
      testTimeout: 60_000,
      projects: [
        {
          extends: true,
          test: {
            name: 'pages',
            environment: 'jsdom',
            include: WITH_DOCUMENT,
            setupFiles: ['./src/test/setup-api.ts', './src/test/setup-document.ts'],
          },
        },
        {
          extends: true,
          test: {
            name: 'units',
            environment: 'node',
            include: ['src/**/*.test.ts'],
            exclude: WITH_DOCUMENT,
            setupFiles: ['./src/test/setup-api.ts'],
          },
        },
      ],
    },
  }),
);
