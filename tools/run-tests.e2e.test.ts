import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from './tidy/repository.ts'

// Inside the repository, since vitest resolves itself from there, and outside of what the real run looks at.
const cache = join(root, 'node_modules/.cache')
let folder = ''

beforeEach(() => {
  mkdirSync(cache, { recursive: true })
  folder = mkdtempSync(join(cache, 'run-tests-'))
  const config = `export default { test: { include: ['*.test.mjs'], exclude: [], coverage: { include: ['*.mjs'] } } }`
  writeFileSync(join(folder, 'vitest.config.mjs'), config)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function runTests(testFile: string | undefined, ...flags: string[]) {
  if (testFile !== undefined) {
    writeFileSync(join(folder, 'a.test.mjs'), `import { expect, test } from 'vitest'\n${testFile}`)
  }
  const where = ['--root', folder, '--config', join(folder, 'vitest.config.mjs')]
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(root, 'tools/run-tests.ts'), ...where, ...flags],
    { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } }
  )
  return { status, lines: stdout.trimEnd().split('\n'), whole: stdout }
}

test('the last line counts, below the coverage table', () => {
  const covered = ['--coverage.enabled', `--coverage.reportsDirectory=${join(folder, 'coverage')}`]
  const { status, lines, whole } = runTests(`test('a', () => {})\ntest('b', () => {})`, ...covered)
  expect(whole, relative(root, folder)).toContain('% Stmts')
  expect(lines.at(-1)).toBe('2 passed, 0 failed')
  expect(status).toBe(0)
})

test('a failure shows in the line and in the exit code', () => {
  const { status, lines } = runTests(`test('a', () => {})\ntest('b', () => expect(1).toBe(2))`)
  expect(lines.at(-1)).toBe('1 passed, 1 failed')
  expect(status).toBe(1)
})

test('runs one after the other are counted together, and one that fails shows', () => {
  const tests = `test('a', () => {})\ntest('b', () => expect(1).toBe(2))`
  const { status, lines } = runTests(tests, '-t', 'b', '--then', '--root', folder, '-t', 'a')
  expect(lines.at(-1)).toBe('1 passed, 1 failed, 2 skipped')
  expect(status).toBe(1)
})

test('so do a file that does not load and a run without tests', () => {
  const unloaded = runTests(`throw new Error('at load')`)
  expect([unloaded.lines.at(-1), unloaded.status]).toEqual(['0 passed, 1 failed', 1])
  rmSync(join(folder, 'a.test.mjs'))
  const empty = runTests(undefined, '--passWithNoTests')
  expect([empty.lines.at(-1), empty.status]).toEqual(['0 passed, 1 failed', 1])
})

test('a script that fails first is the one failure, and no test runs', () => {
  const { status, lines } = runTests(`test('a', () => {})`, '--after', 'no-such-script')
  expect(lines.at(-1)).toBe('0 passed, 1 failed')
  expect(lines.at(-2)).toBe('npm run no-such-script failed, so no test ran')
  expect(status).toBe(1)
})
