import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// In development the dashboard and the API share one origin, as they do when the Worker serves the build.
const api = process.env.DRIFTLOCK_URL ?? 'http://127.0.0.1:8787';

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
  },
  worker: { format: 'es' },
});
