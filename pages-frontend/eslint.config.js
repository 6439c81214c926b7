import { readdirSync } from 'node:fs';
import js from '@eslint/js';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import tseslint from 'typescript-eslint';

// Import boundaries: app → features → components → lib → config. A feature never imports another feature;
// what two of them need moves down into components or lib.
const features = readdirSync(new URL('./src/features', import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

const forbid = (files, patterns, message) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group: patterns, message }] }] },
});

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'src/lib/api/generated.ts'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  jsxA11y.flatConfigs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    languageOptions: { globals: globals.browser },
    plugins: { 'react-hooks': reactHooks },
    rules: {
      ...reactHooks.configs.flat['recommended-latest'].rules,
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  { files: ['public/**/*.js', 'src/test/*.js'], languageOptions: { globals: globals.browser } },
  {
    files: ['scripts/**/*.mjs', 'browser-tests/**/*.mjs', '*.config.{js,ts}'],
    // What runs inside page.evaluate() sees the browser's globals.
    languageOptions: {
      globals: { ...globals.node, document: 'readonly', window: 'readonly', Image: 'readonly' },
    },
  },
  ...features.map((name) =>
    forbid(
      [`src/features/${name}/**`],
      ['@/app/**', '@/features/*', '@/features/*/**', `!@/features/${name}`, `!@/features/${name}/**`],
      'a feature may not import the app or another feature',
    ),
  ),
  forbid(['src/components/**'], ['@/app/**', '@/features/**'], 'shared components know no feature'),
  forbid(['src/lib/**'], ['@/app/**', '@/features/**', '@/components/**'], 'lib knows no component'),
  forbid(
    ['src/config/**'],
    ['@/app/**', '@/features/**', '@/components/**', '@/lib/**'],
    'config stands alone',
  ),
  { files: ['src/test/**', 'src/**/*.test.{ts,tsx}'], rules: { 'no-restricted-imports': 'off' } },
);
