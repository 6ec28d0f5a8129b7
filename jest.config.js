const shared = {
  testEnvironment: 'node',
  // Copies of this repository, while Stryker runs.
  modulePathIgnorePatterns: ['<rootDir>/.stryker-tmp/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
}

/** The development programs whose tests need nothing but this repository. */
const pureDev = ['bench', 'demo', 'image', 'node']
/** Those whose tests start programs. */
const realDev = ['api-proxy', 'faults', 'pictures', 'release', 'stack']

/** What needs real programs: they are started once, for all suites. */
const onRealParts = {
  ...shared,
  globalSetup: '<rootDir>/test/support/start-real-parts.ts',
  globalTeardown: '<rootDir>/test/support/stop-real-parts.ts',
  setupFilesAfterEnv: ['<rootDir>/test/support/report-overdue.ts'],
}

/** @type {import('jest').Config} */
export default {
  maxWorkers: 4,
  testSequencer: '<rootDir>/test/support/longest-first.js',
  testTimeout: 240_000,
  reporters: ['default', '<rootDir>/test/support/count-reporter.js'],
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/test/unit/**/*.test.ts',
        ...pureDev.map((folder) => `<rootDir>/dev/${folder}/**/*.test.ts`),
      ],
    },
    {
      ...onRealParts,
      displayName: 'integration',
      testMatch: [
        '<rootDir>/test/integration/**/*.test.ts',
        ...realDev.map((folder) => `<rootDir>/dev/${folder}/**/*.test.ts`),
      ],
    },
    { ...onRealParts, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] },
    // Not a part of `npm test`.
    {
      ...shared,
      displayName: 'clusters',
      globalSetup: '<rootDir>/test/support/prepare-clusters.ts',
      setupFilesAfterEnv: ['<rootDir>/test/support/report-overdue.ts'],
      testMatch: ['<rootDir>/test/clusters/**/*.test.ts'],
    },
  ],
}
