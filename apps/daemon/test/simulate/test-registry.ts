import { quietScenario, type SimulationReport } from '@novacron/simulator'
import { type ProtocolEntry, protocols as shipped } from '../../src/simulate/registry.ts'

const bullshark = shipped[0] as ProtocolEntry
const report = bullshark.run({ ...quietScenario, replicas: 1, chaosMs: 20, faults: [] })

/** Runs of no time: every third seed loses something, unless its scenario has fewer than two replicas. */
const dice: ProtocolEntry = {
  name: 'dice',
  run({ seed, replicas }) {
    const own = { ...report, seed, traceHash: `trace-${seed}` as SimulationReport['traceHash'] }
    if (seed % 3 !== 0 || replicas < 2) return own
    const firstViolation = {
      verdict: 'lost',
      facts: `1/${seed}\nof ${replicas} is gone`,
      atMs: 1
    } as const
    return { ...own, verdict: 'lost', recoveredMs: undefined, firstViolation }
  }
}

/** The shipped protocol with a driver that leaves syncing to the operating system. */
const unsynced: ProtocolEntry = {
  name: 'unsynced',
  run: (scenario, recorder) =>
    bullshark.run({ ...scenario, law: { ...quietScenario.law, syncOnDurable: false } }, recorder)
}

const thrower: ProtocolEntry = {
  name: 'thrower',
  run({ seed }) {
    throw new Error(`seed ${seed} is too much`)
  }
}

/** As dice, but it ends where what happens last in a run is to be kept. */
const fragile: ProtocolEntry = {
  name: 'fragile',
  run(scenario, recorder) {
    if (recorder !== undefined) throw new Error(`seed ${scenario.seed} is not told`)
    return dice.run(scenario)
  }
}

/** Says which file a thread loads the simulator from. */
const whence: ProtocolEntry = {
  name: 'whence',
  run() {
    throw new Error(import.meta.resolve('@novacron/simulator'))
  }
}

export const protocols: readonly ProtocolEntry[] = [
  ...shipped,
  ...[dice, unsynced, thrower, fragile, whence]
]
