const js = require('@eslint/js');
const hooks = require('eslint-plugin-react-hooks');
const ts = require('typescript-eslint');

// what could turn text of a notebook, a metric's name or an error message into markup or code (SEC-09)
const markup = [
  'innerHTML',
  'outerHTML',
  'insertAdjacentHTML',
  'srcdoc',
  'createContextualFragment'
];

module.exports = ts.config(
  { ignores: ['lib', 'node_modules', 'coverage', 'src/wire.ts', '*.js', 'ui-tests'] },
  js.configs.recommended,
  ...ts.configs.recommendedTypeChecked,
  {
    files: ['src/**/*.ts', 'src/**/*.tsx'],
    languageOptions: {
      parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: __dirname }
    },
    plugins: { 'react-hooks': hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      complexity: ['error', 8],
      eqeqeq: 'error',
      'max-depth': ['error', 3],
      'max-lines': ['error', { max: 250, skipBlankLines: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true }],
      'max-params': ['error', 4],
      'no-eval': 'error',
      'no-implied-eval': 'off',
      'no-new-func': 'error',
      'no-script-url': 'error',
      'no-console': 'error',
      'prefer-const': 'error',
      'no-restricted-globals': [
        'error',
        {
          name: 'fetch',
          message: 'Use the API: it knows the base URL, the token and the XSRF header.'
        },
        { name: 'alert', message: 'Say it in the panel.' }
      ],
      'no-restricted-properties': [
        'error',
        ...markup.map(property => ({
          property,
          message: 'Set textContent: text is never markup.'
        })),
        { object: 'document', property: 'write', message: 'Text is never markup.' }
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: 'Render text: it is never markup.'
        },
        {
          selector: "Property[key.name='dangerouslySetInnerHTML']",
          message: 'Render text: it is never markup.'
        }
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/unbound-method': 'off' // a signal takes a method and its `this`
    }
  },
  {
    files: ['src/plugins/**'],
    rules: { 'max-params': 'off' } // Lumino passes what a plugin requires by position
  },
  {
    files: ['src/components/**'],
    rules: { 'max-lines': ['error', { max: 150, skipBlankLines: true }] }
  },
  {
    files: ['src/__tests__/**'],
    rules: {
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off'
    }
  }
);
