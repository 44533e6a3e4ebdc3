// npm run openapi: the document, and the client's types, which are made of it.
await import('../dist/cli/openapi.js');
const isHelp = process.argv.includes('--help') || process.argv.includes('-h');
if (!process.exitCode && !isHelp) await import('../packages/client/tools/generate.mjs');
