// Imports point one way: main -> app -> messages -> conversations -> idempotency -> jobs -> { tenancy, auth } -> database
// -> { config, identity, common }. `http` stands beside `common`: guards and controllers know it, services do not.

/** What each part of the API stands on. */
const API = ['common', 'http', 'config', 'identity', 'tenancy', 'database', 'api'];
/** Which rooms of src a room may import, besides itself. */
const mayImport = {
  common: [],
  http: ['common', 'identity'],
  docs: [],
  config: ['common'],
  identity: ['common'],
  metrics: [],
  database: ['common', 'config', 'identity'],
  auth: ['common', 'http', 'config', 'identity', 'database'],
  tenancy: ['common', 'http', 'config', 'identity', 'auth'],
  'rate-limit': ['common', 'http', 'config', 'identity', 'tenancy'],
  jobs: ['common', 'config', 'identity', 'metrics', 'database'],
  api: ['common', 'http', 'identity', 'auth', 'tenancy', 'idempotency'],
  idempotency: ['common', 'http', 'config', 'identity', 'auth', 'tenancy', 'database', 'jobs'],
  monitoring: ['common', 'http', 'config', 'identity', 'metrics', 'auth', 'tenancy', 'database', 'jobs'],
  problems: ['common', 'http', 'auth'],
  events: ['common', 'config', 'identity', 'metrics', 'database', 'jobs'],
  conversations: [...API, 'metrics', 'auth', 'jobs', 'idempotency', 'events'],
  messages: [...API, 'auth', 'jobs', 'idempotency', 'events', 'conversations'],
  exports: [...API, 'events', 'conversations', 'messages'],
  feed: [...API, 'metrics', 'auth', 'events'],
  webhooks: [...API, 'metrics', 'auth', 'jobs', 'idempotency', 'events', 'feed'],
};
const rooms = Object.keys(mayImport);

const SPEC = '\\.spec\\.ts$';
const ENTRY_POINTS = ['^src/main\\.ts$', '^src/cli/[^/]+\\.ts$'];
const pathOf = (room) => `^src/${room}/`;

const directions = rooms.map((room) => ({
  name: `${room}-imports`,
  comment: `src/${room} may import from ${mayImport[room].join(', ') || 'nobody else in src'}. Turn the call round, or move what both need down.`,
  severity: 'error',
  from: { path: pathOf(room), pathNot: SPEC },
  to: { path: '^src/', pathNot: [room, ...mayImport[room]].map(pathOf) },
}));

export default {
  forbidden: [
    ...directions,
    {
      name: 'every-room-has-a-rule',
      comment: 'A new folder in src needs a line in mayImport: say what it may know.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: [...rooms, 'cli'].map(pathOf) },
      to: {},
    },
    {
      name: 'no-way-back-to-entry-points',
      comment: 'main.ts and the command lines use the service, never the reverse. Move what you need down.',
      severity: 'error',
      from: { pathNot: '^(src/cli|test)/' },
      to: { path: ['^src/main\\.ts$', '^src/cli/'] },
    },
    {
      name: 'main-is-not-imported',
      comment: 'A command line uses app.module and app.setup; main.ts only starts the server.',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/main\\.ts$' },
    },
    {
      name: 'http-stays-above-services',
      comment: 'Services and repositories work the same without HTTP. Move what both need to common.',
      severity: 'error',
      from: { path: '\\.(service|repository|entity|errors|sql|queue|audit)\\.ts$' },
      to: { path: '^src/http/' },
    },
    {
      name: 'no-tests-in-src',
      comment: 'What the service needs lives in src, not in a spec or in test/.',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: { path: ['^test/', SPEC] },
    },
    {
      name: 'packages-stand-alone',
      comment: 'What is published knows the service by its API only.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: { path: '^(src|test)/' },
    },
    {
      name: 'no-packages-in-src',
      comment: 'The image and `npm start` do without packages/.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^packages/' },
    },
    {
      name: 'one-door-past-tenants',
      comment:
        'Look across tenants in a subclass of AcrossTenantsRepository: these are the list of who does.',
      severity: 'error',
      from: { pathNot: '^src/database/sql/' },
      to: { path: '^src/database/sql/own-connection\\.ts$' },
    },
    {
      name: 'no-cycles',
      comment: 'Move what both files need into a third one.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'Nothing that runs reaches this file. Use it or delete it.',
      severity: 'error',
      from: { path: ENTRY_POINTS },
      to: { path: '^src/', pathNot: [...ENTRY_POINTS, SPEC, '\\.d\\.ts$'], reachable: false },
    },
    {
      name: 'no-development-dependency',
      comment: 'The image has no devDependencies. Move the package to "dependencies", or do without.',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'not-found',
      comment: 'The import leads nowhere, so no other rule can judge it.',
      severity: 'error',
      from: {},
      // The frameworks that adapters are for are installed in test/consumers/ alone.
      to: { couldNotResolve: true, pathNot: '^(@langchain/core|@openai/agents|ai)(/|$)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^packages/[^/]+/dist/', '^test/consumers/[^/]+/'] },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true, // type-only imports count too: they are knowledge
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@colloquy/source', 'import', 'node', 'default'],
    },
  },
};
