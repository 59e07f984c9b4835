/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1.js', '$1.ts'] },
  transform: { '^.+\\.[tj]s$': '<rootDir>/scripts/jest-transform.cjs' },
  transformIgnorePatterns: ['/node_modules/(?!(yargs|yargs-parser|cliui|y18n)/)'],
  testTimeout: 600000,
  // The default leaves a processor idle, which is half of a small machine.
  maxWorkers: '100%',
};
