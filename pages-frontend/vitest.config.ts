import { defineConfig, mergeConfig } from 'vitest/config';
import viteConfig from './vite.config';

export default mergeConfig(
  viteConfig,
  defineConfig({
    test: {
      environment: 'jsdom',
      globals: true,
      setupFiles: ['./src/test/setup.ts'],
      include: ['src/**/*.test.{ts,tsx}'],
      css: false,
      pool: 'threads',
      poolOptions: { threads: { maxThreads: 2, minThreads: 1 } },
      restoreMocks: true,
      testTimeout: 30_000,
    },
  }),
);
