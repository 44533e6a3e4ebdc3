import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

// ---- What each layer may know. Every message says what to do instead. ----

const restrict = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });

const env = {
  regex: '^(node:)?process$',
  importNames: ['env'],
  message: 'Read it in src/config, where it is typed and checked at start, and inject APP_CONFIG.',
};
const typeorm = (message) => ({ regex: '^(@nestjs/)?typeorm(/|$)', message });

const layers = [
  {
    files: ['src/**/*.controller.ts'],
    rules: restrict(
      env,
      typeorm('A controller calls one service method. Move the query into a repository, behind the service.'),
      {
        regex: '\\.repository\\.js$',
        message: 'A controller calls one service method: give the service a method and call that.',
      },
    ),
  },
  {
    files: ['src/**/*.service.ts'],
    rules: restrict(
      env,
      typeorm('A service asks its repository. Add a repository method named after the question.'),
      {
        regex: '^@nestjs/common$',
        importNamePattern: '(Exception|^HttpStatus)$',
        message: 'A service knows no HTTP. Throw a DomainError; the filter gives it its status.',
      },
      {
        regex: '^(fastify|@nestjs/platform-fastify|@nestjs/swagger)$',
        message: 'A service knows no HTTP. Let the controller map, and pass plain values.',
      },
    ),
  },
  {
    files: ['src/**/*.repository.ts'],
    rules: restrict(env, {
      regex: '(/errors/|\\.errors\\.js$)',
      message: 'A repository does not decide. Return null or an empty page, and let the service throw.',
    }),
  },
  {
    files: ['src/**/*.entity.ts'],
    rules: restrict(env, {
      regex: '^(class-validator|@nestjs/swagger)$',
      message: 'An entity is columns only. Validate in the request DTO, describe the response in its DTO.',
    }),
  },
];

export default defineConfig(
  { ignores: ['build/**', '**/dist/**', 'coverage/**', '**/*.gen.ts', 'test/consumers/*/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,

  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Nest's modules are empty classes with a decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // Rows are plain objects of an entity's shape; entities have no methods to lose.
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-invalid-void-type': ['error', { allowAsThisParameter: true }],
      // `query<Row>(sql)` names the shape of an answer that nobody can infer.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ExportAllDeclaration',
          message: 'No barrel files: import from the file that defines the thing.',
        },
      ],
    },
  },

  {
    files: ['src/**/*.ts', 'packages/*/src/**/*.ts'],
    ignores: ['src/**/*.spec.ts'],
    // `as` silences the compiler. Narrow with a guard, or give the value its type where it is made.
    rules: { '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**'],
    // What is printed past the log has no request id, no level, and is not searched for secrets by the tests.
    rules: { 'no-console': 'error' },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config/**'],
    rules: {
      ...restrict(env),
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: env.message }],
    },
  },
  ...layers,

  {
    files: ['test/**/*.ts', 'packages/*/test/**/*.ts', 'src/**/*.spec.ts'],
    rules: {
      // The body of an answer is `any` until a test has looked at it.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      'no-restricted-properties': [
        'error',
        ...['describe', 'it', 'test'].map((object) => ({
          object,
          property: 'only',
          message: 'The other tests would not run. Name the file on the command line instead.',
        })),
      ],
    },
  },

  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        ['URL', 'console', 'fetch', 'performance', 'process', 'setTimeout', 'clearTimeout'].map((name) => [
          name,
          'readonly',
        ]),
      ),
    },
    rules: { 'no-unused-vars': ['error', { varsIgnorePattern: '^_' }] },
  },
);
