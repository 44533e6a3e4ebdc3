const KiB = 1024;
const MiB = 1024 * KiB;

/** What the API takes (README, and `openapi.json`), and what an import allows itself. */
export const limits = {
  topicCharacters: 255,
  contentBytes: MiB,
  partsBytes: 4 * MiB,
  parts: 500,
  objectBytes: 64 * KiB,
  objectDepth: 100,
  bodyValues: 99_000,
  bodyBytes: 8 * MiB - 64 * KiB,
  batchMessages: 500,
  concurrency: 64,
} as const;
