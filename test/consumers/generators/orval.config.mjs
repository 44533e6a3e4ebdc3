const input = process.env.OPENAPI;
const baseUrl = process.env.COLLOQUY_URL;

/** A file for each of two kinds of client that orval makes. */
export default {
  fetch: { input, output: { target: 'orval.gen/fetch.ts', client: 'fetch', baseUrl } },
  zod: { input, output: { target: 'orval.gen/zod.ts', client: 'zod' } },
};
