/** Prints the outcome of the whole run in one line that programs can read. */
export default class CountReporter {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests, numTodoTests } =
      results
    const failed = numFailedTests + numRuntimeErrorTestSuites
    const skipped = numPendingTests + numTodoTests
    const tail = skipped > 0 ? `, ${skipped} skipped` : ''
    process.stderr.write(`\n${numPassedTests} passed, ${failed} failed${tail}\n`)
  }
}
