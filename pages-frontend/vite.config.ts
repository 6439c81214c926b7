import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// In development the dashboard and the API share one origin, as they do when the Worker serves the build.
const api = process.env.DRIFTLOCK_URL ?? 'http://127.0.0.1:8787';

// Code that pages need together comes in one file: each file costs a request, and small ones do not compress well.
const TOGETHER: readonly [string, RegExp][] = [
  ['first', /preload-helper|\/src\/(app\/boot|lib\/(early|idle|stored-session|organization-store))\./],
  ['react', /\/node_modules\/(react|react-dom|scheduler)\//],
  ['base', /\/node_modules\/(use-sync-external-store|@tanstack|@radix-ui\/react-(slot|compose-refs))\//],
  ['base', /\/node_modules\/(clsx|class-variance-authority|lucide-react)\//],
  ['base', /\/src\/lib\/(cn|format|status|use-title|api\/problem)\./],
  ['base', /\/src\/(app\/wordmark|components\/(states|ui\/(button|toast-context)))\./],
  ['menu-libraries', /\/node_modules\/(@radix-ui|@floating-ui|react-remove-scroll|aria-hidden)/],
  // What signing in needs too, and what it does not.
  [
    'signed-in',
    /\/node_modules\/zod\/|\/src\/(app\/create-services|config\/runtime|components\/ui\/input)\./,
  ],
  [
    'signed-in',
    /\/src\/lib\/(auth|lazy-auth|organization|person|welcome|remembered-zone|api\/(client|me))\./,
  ],
  ['frame', /\/src\/app\/(routes\/app-layout|top-bar|shortcuts)\./],
  [
    'frame',
    /\/src\/lib\/(feed|live-feed|sse|keys|use-now|use-online|times|organization-times|api\/(anomaly|config|streams))\./,
  ],
  ['frame', /\/src\/components\/(feed-indicator|stale|verdict\/(anomaly-row|severity|status-badge))\./],
  ['frame', /\/src\/components\/ui\/(segmented|skeleton)\./],
];
const together = (id: string) => TOGETHER.find(([, files]) => files.test(id))?.[0];

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: {
    alias: {
      '@': fileURLToPath(new URL('./src', import.meta.url)),
      // The detector itself, built by cbad-wasm/build-package.sh.
      cbad: fileURLToPath(new URL('../dist/cbad/web/cbad.js', import.meta.url)),
    },
  },
  server: {
    fs: { allow: ['.', '../dist/cbad', '../examples'] },
    proxy: { '/v1': api, '/config.json': api },
  },
  build: {
    target: 'es2022',
    // The content security policy forbids data: fonts and inline modules; every asset is a file.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    rollupOptions: { output: { manualChunks: together } },
  },
  worker: { format: 'es' },
});
