/** The parts of vitest's JSON report that the last line needs. */
export interface TestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
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

/** `12 passed, 0 failed`, and `, 3 skipped` when there are any. */
export function lastLine({ passed, failed, skipped }: Summary): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** `--after SCRIPT`, any number of times, names npm scripts that must pass first; the rest is for vitest. */
export function splitArguments(given: readonly string[]): { scripts: string[]; flags: string[] } {
  const scripts: string[] = []
  const flags: string[] = []
  for (let i = 0; i < given.length; i++) {
    const [flag, next] = [given[i] as string, given[i + 1]]
    if (flag !== '--after' || next === undefined) {
      flags.push(flag)
    } else {
      scripts.push(next)
      i++
    }
  }
  return { scripts, flags }
}
