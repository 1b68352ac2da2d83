/** Says at the end of a run that failed with which seed it ran (jest.config.ts). */
export default class SeedReporter {
  onRunComplete(_contexts, { numFailedTests, numFailedTestSuites }) {
    if (numFailedTests + numFailedTestSuites === 0) return;
    const seed = process.env['BOOK3S_SEED'];
    process.stderr.write(`\nThe seed was ${seed}: BOOK3S_SEED=${seed} npm test does the same again.\n`);
  }
}
