import type { ScenarioResult } from '../../src/chaos/scenario.ts'

/** How long anything took says more of the machine that a test runs on than of the daemons. */
const isOfTime = (fault: string): boolean =>
  /^(recovery took|commits did not become as before|half of the transactions took)/.test(fault) ||
  / did not go on meanwhile: /.test(fault)

/** What a line of the result tells as wrong, but for times; notes on latency come after the faults. */
export function lineFaults({ verdict, notes }: ScenarioResult): readonly string[] {
  const end = notes.findIndex(note => note.startsWith('p50 '))
  const faults = notes.slice(
    0,
    verdict === 'failed' && end === -1 ? notes.length : Math.max(0, end)
  )
  return faults.filter(fault => !isOfTime(fault))
}
