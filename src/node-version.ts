const OLDEST = 24;

/**
 * Throws on a Node.js that is too old, in a sentence: better-sqlite3 would end the process there by a segmentation
 * fault. First of all in every entry point, which may be started without npm.
 */
export function assertNodeVersion(): void {
  if (Number.parseInt(process.versions.node) >= OLDEST) return;
  throw new Error(
    `Colloquy needs Node.js ${OLDEST} or newer; this is ${process.version} (${process.execPath}). \`npm ci\` brings one that \`npm start\` uses.`,
  );
}
