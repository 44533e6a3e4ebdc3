// The command line, with the client and the packages that it uses, in one file.
import { buildIfStale } from '../../../tools/build.mjs';

buildIfStale('packages/cli', [
  'packages/{cli,client}/src/**/*.ts',
  'packages/cli/{package.json,rolldown.config.mjs}',
  'package-lock.json',
]);
