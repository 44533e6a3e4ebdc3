// Written so that old versions can read it: better-sqlite3 13 needs Node-API 10, and without it ends
// the process by a segmentation fault instead of an error.
var napi = Number(process.versions.napi);
var major = Number(process.versions.node.split('.')[0]);

if (napi < 10 || major < 24) {
  console.error(
    [
      'Colloquy needs Node.js 24 or newer; this is ' + process.version + ' (' + process.execPath + ').',
      '',
      'On linux-x64, linux-arm64, darwin-x64 and win-x64, `npm ci` brings Node.js 24 with it, and every',
      '`npm run` command uses it. Run `npm ci` (without --omit=optional), then this command through npm.',
      'On any other platform, install Node.js 24: https://nodejs.org',
    ].join('\n'),
  );
  process.exit(1);
}
