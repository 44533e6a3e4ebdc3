const KiB = 1024;
const MiB = 1024 * KiB;

/** What the service accepts, and what the import allows itself. */
export const limits = {
  topicCharacters: 255,
  contentBytes: MiB,
  objectBytes: 64 * KiB,
  objectDepth: 100,
  batchMessages: 500,
  /** Half of what the service accepts; a single message, however escaped, stays below the whole. */
  batchBytes: 4 * MiB,
  lineBytes: 64 * MiB,
  concurrency: 64,
} as const;
