/** Prints the result of the whole run as the last line, for programs to read. */
export default class CountReporter {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests, numTodoTests } =
      results
    const failed = numFailedTests + numRuntimeErrorTestSuites
    const skipped = numPendingTests + numTodoTests
    const tail = skipped > 0 ? `, ${skipped} skipped` : ''
    process.once('exit', () => process.stdout.write(`${numPassedTests} passed, ${failed} failed${tail}\n`))
  }
}
