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

/** Folders whose tests need real programs; the rest needs nothing but this repository. */
const real = ['dev', 'deploy', 'e2e', 'faults', 'kubernetes', 'workflows']

/** @type {import('jest').Config} */
export default {
  maxWorkers: 2,
  testTimeout: 240_000,
  reporters: ['default', '<rootDir>/test/support/count-reporter.js'],
  projects: [
    {
      ...shared,
      displayName: 'pure',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: real.map((folder) => `<rootDir>/test/${folder}/`),
    },
    {
      ...shared,
      displayName: 'real',
      testMatch: real.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`),
      globalSetup: '<rootDir>/test/support/start-real-parts.ts',
      globalTeardown: '<rootDir>/test/support/stop-real-parts.ts',
      setupFilesAfterEnv: ['<rootDir>/test/support/tell-overdue.ts'],
    },
  ],
}
