import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const folders = ['packages/*/test', 'apps/*/test', 'tools']
const files = (...suffixes: string[]) =>
  folders.flatMap(folder => suffixes.map(suffix => `${folder}/**/*.${suffix}.ts`))

// Import `@novacron/*` from source, so that tests need no build and stack traces name real lines.
const conditions = ['@novacron/source', 'node', 'import', 'module', 'default']
const resolve = { conditions }
const ssr = { resolve: { conditions, externalConditions: conditions } }

// What is slowest where it is counted what is covered, and covers nothing that others do not: `npm test` runs it apart.
const isCounted = process.argv.includes('--coverage')
const apart = isCounted ? ['**/{mutants,swarm,load}.sim.test.ts'] : []

export default defineConfig({
  resolve,
  ssr,
  test: {
    // All cores: what is left to itself keeps one back, which is half of a machine with two.
    maxWorkers: availableParallelism(),
    // A busy machine may stand still for seconds: this and the other times only end what hangs.
    expect: { poll: { timeout: 60_000, interval: 20 } },
    // For the processes that tests start: a node from source spends most of its start in being compiled.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/compiled') },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: files('test', 'prop.test'),
          exclude: ['**/node_modules/**', '**/dist/**', ...files('sim.test', 'e2e.test')],
          isolate: false,
          testTimeout: 120_000
        }
      },
      {
        extends: true,
        test: {
          name: 'sim',
          include: files('sim.test'),
          exclude: ['**/node_modules/**', '**/dist/**', ...apart],
          isolate: false,
          // A soak (SEEDS=10000) takes as long as it takes.
          testTimeout: process.env['SEEDS'] === undefined ? 300_000 : 0
        }
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: files('e2e.test'),
          exclude: ['**/node_modules/**', '**/dist/**'],
          // Last and by themselves: real processes, sockets and fsync would measure the other tests.
          sequence: { groupOrder: 1 },
          maxWorkers: Math.min(2, availableParallelism()),
          testTimeout: 180_000,
          hookTimeout: 180_000
        }
      }
    ],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts'],
      exclude: ['apps/daemon/src/main.ts', 'packages/hostile-peer/src/main.ts', '**/*.d.ts'],
      reporter: ['text', 'json-summary'],
      thresholds: { lines: 96, branches: 90 }
    }
  }
})
