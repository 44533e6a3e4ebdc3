// One file that `npx` runs without the rest of this repository.
import { defineConfig } from 'rolldown';
import { licenses } from '../../tools/licenses.mjs';

export default defineConfig({
  input: 'src/colloquy.ts',
  platform: 'node',
  transform: { target: 'node20' },
  resolve: { conditionNames: ['@colloquy/source', 'import', 'node', 'default'] },
  plugins: [licenses],
  output: {
    file: 'dist/colloquy.js',
    banner: '#!/usr/bin/env node',
    codeSplitting: false,
    minify: false,
  },
});
