import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clockSkewFlags, slowSyncFlags } from '../preload.ts'
import type { RealScenario, ScenarioRun } from '../scenario.ts'
import { othersGoOn, until, victimOf } from './steps.ts'

const hourMs = 3_600_000
const backMs = 20_000

/** The file that the module in the daemon of a place looks at. */
function dial(root: string, node: number): string {
  return join(root, `dial-${node + 1}`)
}

function turn({ cluster }: ScenarioRun, node: number, value: number): void {
  writeFileSync(dial(cluster.root, node), String(value))
}

const clock = {
  kind: 'real',
  nodesMin: 4,
  recoveryMsMax: 5_000,
  plan: () => ({ flags: (node: number, root: string) => clockSkewFlags(dial(root, node)) })
} as const

/** One daemon lives under a wrong clock for a while; the others go on, and so does it when the clock is right again. */
async function liveWrong(run: ScenarioRun, skewMs: number): Promise<void> {
  const { cluster } = run
  const victim = victimOf(run)
  await othersGoOn(run, [victim], async () => {
    await cluster.kill(victim)
    turn(run, victim, skewMs)
    cluster.start(victim)
    await until(run, backMs, async () => (await cluster.status(victim))?.state === 'running')
    await run.sleep(run.faultMs)
    await cluster.kill(victim)
  })
  turn(run, victim, 0)
}

/** Faults of clocks and of flushes, through modules that are loaded into the daemons from outside. */
export const timeScenarios: readonly RealScenario[] = [
  {
    ...clock,
    name: 'clock-ahead',
    what: 'One daemon is started with its clock an hour ahead, and later with the right one.',
    faultMs: 3_000,
    run: run => liveWrong(run, hourMs)
  },
  {
    ...clock,
    name: 'clock-behind',
    what: 'One daemon is started with its clock an hour behind, and later with the right one.',
    faultMs: 3_000,
    run: run => liveWrong(run, -hourMs)
  },
  {
    ...clock,
    name: 'clock-strobe',
    what: 'The time of day of one running daemon jumps to and fro by up to an hour.',
    faultMs: 3_000,
    run: async run => {
      const victim = victimOf(run)
      await othersGoOn(run, [victim], async () => {
        for (let spentMs = 0; spentMs < run.faultMs; spentMs += 100) {
          turn(run, victim, Math.round((run.random() - 0.5) * 2 * hourMs))
          await run.sleep(100)
        }
      })
      turn(run, victim, 0)
    }
  },
  {
    kind: 'real',
    nodesMin: 4,
    recoveryMsMax: 5_000,
    name: 'slow-fsync',
    what: 'Flushes of the signed record and of segments take a second longer on one daemon.',
    faultMs: 4_000,
    plan: () => ({ flags: (node, root) => slowSyncFlags(dial(root, node)) }),
    run: async run => {
      const victim = victimOf(run)
      await othersGoOn(run, [victim], async () => {
        turn(run, victim, 1_000)
        await run.sleep(run.faultMs)
      })
      turn(run, victim, 0)
    }
  }
]
