import { expect, test } from 'vitest'
import {
  addSummaries,
  failureLines,
  lastLine,
  secondsOf,
  splitArguments,
  summarize,
  type TestReport
} from './summary.ts'

const file = { name: '/a/test/cases/x.sim.test.ts', startTime: 1_000, endTime: 3_400 }
const green: TestReport = {
  numPassedTests: 2,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [{ ...file, status: 'passed', assertionResults: [{ status: 'passed' }] }]
}
const unloaded = { ...file, status: 'failed', assertionResults: [] }
const failedFile = { ...file, status: 'failed', assertionResults: [{ status: 'failed' }] }

test.each([
  { name: 'a green run', report: green, exitCode: 0, line: '2 passed, 0 failed' },
  {
    name: 'skipped tests are named',
    report: { ...green, numPendingTests: 1, numTodoTests: 2 },
    exitCode: 0,
    line: '2 passed, 0 failed, 3 skipped'
  },
  {
    name: 'a failed test counts once',
    report: { ...green, numFailedTests: 1, testResults: [failedFile] },
    exitCode: 1,
    line: '2 passed, 1 failed'
  },
  {
    name: 'a file that does not load is a failure',
    report: { ...green, testResults: [unloaded] },
    exitCode: 1,
    line: '2 passed, 1 failed'
  },
  {
    name: 'coverage below its threshold is a failure',
    report: green,
    exitCode: 1,
    line: '2 passed, 1 failed'
  },
  {
    name: 'a run without tests is a failure, even when vitest is content',
    report: { ...green, numPassedTests: 0, testResults: [] },
    exitCode: 0,
    line: '0 passed, 1 failed'
  },
  { name: 'no report is a failure', report: undefined, exitCode: 0, line: '0 passed, 1 failed' }
])('$name', ({ report, exitCode, line }) => {
  expect(lastLine(summarize(report, exitCode))).toBe(line)
})

test('arguments are for the scripts that go first, or for vitest', () => {
  const given = ['--after', 'build', '--coverage', '--after', 'check', 'packages/base', '--after']
  expect(splitArguments(given)).toEqual({
    scripts: ['build', 'check'],
    runs: [['--coverage', 'packages/base', '--after']]
  })
  expect(splitArguments(['--coverage', '--then', '--project', 'sim', '--then', 'c'])).toEqual({
    scripts: [],
    runs: [['--coverage'], ['--project', 'sim'], ['c']]
  })
})

test('failures are named at the end, each in one line', () => {
  const failed = {
    ...failedFile,
    assertionResults: [
      { fullName: 'sums add up', status: 'failed', failureMessages: ['Error: 1 is not 2\n  at x'] },
      { fullName: 'goes well', status: 'passed', failureMessages: [] }
    ]
  }
  const broken = { ...unloaded, message: "Cannot find module 'y'\nmore" }
  expect(failureLines([green, { ...green, testResults: [failed, broken] }], '/a')).toEqual([
    'failed: test/cases/x.sim.test.ts: sums add up: Error: 1 is not 2',
    "failed: test/cases/x.sim.test.ts: not loaded: Cannot find module 'y'"
  ])
})

test('the files of a folder took so long together', () => {
  expect(secondsOf('/test/cases/', [green, green])).toBe(5)
  expect(secondsOf('/test/others/', [green])).toBe(0)
})

test('runs are counted together', () => {
  const first = { passed: 1, failed: 2, skipped: 3 }
  expect(addSummaries([first])).toEqual(first)
  expect(addSummaries([first, { passed: 10, failed: 20, skipped: 30 }])).toEqual({
    passed: 11,
    failed: 22,
    skipped: 33
  })
})
