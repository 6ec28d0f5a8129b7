import jestConfig from './jest.config.js'

const unit = jestConfig.projects.find(({ displayName }) => displayName === 'unit')

/**
 * Mutation testing of the decisions: is there a test that notices when the code decides otherwise?
 *
 * @type {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
export default {
  // Names and reasons decide nothing: test/unit/docs.test.ts compares them with the docs.
  mutate: [
    'src/domain/**/*.ts',
    '!src/domain/{names,reason}.ts',
    'src/commands/doctor/checks/*.ts',
    'src/commands/plan/{role-plan,plan-*}.ts',
    'src/commands/pools/{forecast,pools-report}.ts',
    'src/commands/run/inventory/*.ts',
    'src/commands/status/problems/*.ts',
  ],
  plugins: ['@stryker-mutator/jest-runner'],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--no-warnings'],
  jest: {
    config: {
      ...unit,
      // This is laid over jest.config.js, whose projects would come first otherwise.
      projects: [],
      roots: ['<rootDir>/src', '<rootDir>/test'],
      testMatch: ['<rootDir>/test/support/mutation-suite.ts'],
    },
    enableFindRelatedTests: false,
  },
  coverageAnalysis: 'perTest',
  // swc takes types away without a tsconfig. Stryker would read it by an API that TypeScript 7 has not.
  ignorePatterns: ['tsconfig.json'],
  disableTypeChecks: false,
  concurrency: 2,
  // Jest does not give back the memory of ES modules from one run to the next.
  maxTestRunnerReuse: 150,
  // A mutant that runs into this counts as found, so it is longer than the tests take on a busy machine.
  timeoutMS: 30_000,
  warnings: { slow: false },
  thresholds: { high: 95, low: 90, break: 90 },
  reporters: ['clear-text', 'progress', 'html'],
  clearTextReporter: { reportTests: false },
  htmlReporter: { fileName: 'reports/mutation/index.html' },
}
