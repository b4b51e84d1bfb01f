// Runs npm scripts that must pass first (`--after build`), then vitest with the other arguments, again after each `--then`, and
// ends with one line that says how it went, after everything that they print, the coverage table included.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  addSummaries,
  failureLines,
  lastLine,
  type Summary,
  secondsOf,
  splitArguments,
  summarize,
  type TestReport
} from './gate/summary.ts'

const root = join(import.meta.dirname, '..')
const cache = join(root, 'node_modules/.cache')
const reportFile = join(cache, `test-report-${process.pid}.json`)

/** The exit code of a program that shares our terminal; 1 when a signal ended it. */
function run(program: string, ...parameters: string[]): number {
  return spawnSync(program, parameters, { cwd: root, stdio: 'inherit' }).status ?? 1
}

interface Outcome {
  readonly summary: Summary
  readonly exitCode: number
  readonly report?: TestReport | undefined
}

function runVitest(flags: readonly string[]): Outcome {
  mkdirSync(cache, { recursive: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const exitCode = run(process.execPath, vitest, 'run', ...reporters, ...flags)
  const report = existsSync(reportFile)
    ? (JSON.parse(readFileSync(reportFile, 'utf8')) as TestReport)
    : undefined
  rmSync(reportFile, { force: true })
  return { summary: summarize(report, exitCode), exitCode, report }
}

const { scripts, runs } = splitArguments(process.argv.slice(2))
const broken = scripts.find(script => run('npm', 'run', '--silent', script) !== 0)
const outcomes: readonly Outcome[] =
  broken === undefined
    ? runs.map(runVitest)
    : [{ summary: { passed: 0, failed: 1, skipped: 0 }, exitCode: 1 }]
if (broken !== undefined) console.log(`npm run ${broken} failed, so no test ran`)
const reports = outcomes.flatMap(({ report }) => report ?? [])
for (const line of failureLines(reports, root)) console.log(line)
const casesSeconds = secondsOf('/test/cases/', reports)
if (casesSeconds > 0) console.log(`the files of the twenty cases took ${casesSeconds} s together`)
const summary = addSummaries(outcomes.map(outcome => outcome.summary))
console.log(lastLine(summary))
const exitCode = outcomes.find(outcome => outcome.exitCode !== 0)?.exitCode ?? 0
process.exitCode = summary.failed > 0 ? exitCode || 1 : exitCode
