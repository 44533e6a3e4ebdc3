import { isCi } from './machine.ts';
import { hasServer } from './server.mjs';

const NO_SERVER = `
**********************************************************************
  The MariaDB half of the tests did NOT run: no server was found.
  Only SQLite was tested.

  Install one (apt-get install mariadb-server), or name one whose user
  may create databases:
  TEST_DATABASE_URL=mysql://user:password@host:3306/database
**********************************************************************
`;

// Jest prints its own summary after all other reporters, so the last line has to wait for the exit.
let lastLines = '';
process.once('exit', () => process.stdout.write(lastLines));

/** Ends the output with one plain line: `N passed, N failed`. Under CI, a run that proves too little fails. */
export default class SummaryReporter {
  #complaints = '';

  onRunComplete(testContexts, results) {
    const projects = new Set([...testContexts].map(({ config }) => config.displayName?.name));
    const chosen = process.argv.some((argument) => argument.startsWith('--selectProjects'));
    if (projects.has('sqlite') && !chosen && !hasServer('mariadb')) this.#complaints += NO_SERVER;
    if (results.numPassedTests + results.numFailedTests === 0) this.#complaints += 'No test ran.\n';

    const passed = results.numPassedTests;
    const failed =
      results.numFailedTests +
      results.numRuntimeErrorTestSuites + // files that could not run
      Number(Boolean(results.runExecError)) +
      Number(Boolean(this.getLastError()));
    const skipped = results.numPendingTests + results.numTodoTests;
    lastLines = `${this.#complaints}${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}\n`;
  }

  /** Jest ends with an error code when a reporter has an error. */
  getLastError() {
    return isCi && this.#complaints ? new Error(this.#complaints) : undefined;
  }
}
