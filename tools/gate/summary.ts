import { relative } from 'node:path'

/** The parts of vitest's JSON report that the last line needs. */
export interface TestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly name: string
    /** Milliseconds since 1970. */
    readonly startTime: number
    readonly endTime: number
    readonly status: string
    /** Of a file that could not be loaded. */
    readonly message?: string
    readonly assertionResults: readonly {
      readonly fullName?: string
      readonly status: string
      readonly failureMessages?: readonly string[]
    }[]
  }[]
}

export interface Summary {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/**
 * Counts what vitest reported. A file that could not be loaded, a run without a test, and a non-zero exit for another
 * reason (coverage below its threshold, an unhandled rejection) each count as a failure: the line never looks better
 * than the exit code.
 */
export function summarize(report: TestReport | undefined, exitCode: number): Summary {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 }
  const unloaded = report.testResults.filter(
    file =>
      file.status === 'failed' && !file.assertionResults.some(result => result.status === 'failed')
  )
  const passed = report.numPassedTests
  const failed = report.numFailedTests + unloaded.length
  const skipped = report.numPendingTests + report.numTodoTests
  const isBroken = failed === 0 && (exitCode !== 0 || passed === 0)
  return { passed, failed: isBroken ? 1 : failed, skipped }
}

/** One line for each failure, so that the end of a long output tells what failed: file, test, first line of the reason. */
export function failureLines(reports: readonly TestReport[], root: string): readonly string[] {
  const files = reports.flatMap(report => report.testResults)
  return files
    .filter(({ status }) => status === 'failed')
    .flatMap(({ name, message, assertionResults }) => {
      const failed = assertionResults.filter(({ status }) => status === 'failed')
      const reasons = failed.map(
        ({ fullName, failureMessages }) => `${fullName}: ${firstLine(failureMessages?.[0])}`
      )
      const told = reasons.length > 0 ? reasons : [`not loaded: ${firstLine(message)}`]
      return told.map(reason => `failed: ${relative(root, name)}: ${reason}`)
    })
}

function firstLine(message = ''): string {
  return message.split('\n', 1)[0] as string
}

/** How long the files of a folder took together, in seconds. */
export function secondsOf(folder: string, reports: readonly TestReport[]): number {
  const files = reports.flatMap(report => report.testResults)
  const ms = files
    .filter(({ name }) => name.includes(folder))
    .reduce((sum, { startTime, endTime }) => sum + endTime - startTime, 0)
  return Math.round(ms / 1_000)
}

/** `12 passed, 0 failed`, and `, 3 skipped` when there are any. */
export function lastLine({ passed, failed, skipped }: Summary): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** Of runs one after the other. */
export function addSummaries(summaries: readonly Summary[]): Summary {
  return summaries.reduce((sum, { passed, failed, skipped }) => ({
    passed: sum.passed + passed,
    failed: sum.failed + failed,
    skipped: sum.skipped + skipped
  }))
}

/** npm scripts that must pass first, and the arguments of each run of vitest. */
export interface Plan {
  readonly scripts: readonly string[]
  readonly runs: readonly (readonly string[])[]
}

/** `--after SCRIPT`, any number of times, names scripts; the rest is for vitest, and `--then` begins a further run of it. */
export function splitArguments(given: readonly string[]): Plan {
  const scripts: string[] = []
  const runs: string[][] = [[]]
  for (let i = 0; i < given.length; i++) {
    const [flag, next] = [given[i] as string, given[i + 1]]
    if (flag === '--then') {
      runs.push([])
    } else if (flag !== '--after' || next === undefined) {
      runs.at(-1)?.push(flag)
    } else {
      scripts.push(next)
      i++
    }
  }
  return { scripts, runs }
}
