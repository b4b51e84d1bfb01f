import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultNodeOptions } from '@novacron/node'
import { checkFlushes, checkSkew, type Flushes, skewSeenMs } from '../effect.ts'
import { clockSkewFlags, slowSyncFlags } from '../preload.ts'
import type { RealScenario, ScenarioRun } from '../scenario.ts'
import { othersGoOn, until, victimOf } from './steps.ts'

const hourMs = 3_600_000
const backMs = 60_000
const lateMs = 1_000
/** For a fault to show in what the daemon says of itself. */
const seenMs = 60_000

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
  const look = watchClock(run, victim)
  await othersGoOn(run, [victim], async () => {
    await cluster.kill(victim)
    turn(run, victim, skewMs)
    cluster.start(victim)
    await until(run, backMs, async () => (await cluster.status(victim))?.state === 'running')
    await run.sleep(run.faultMs)
    await cluster.kill(victim)
  })
  turn(run, victim, 0)
  const faults = checkSkew(cluster.nameOf(victim), look(), skewMs)
  for (const fault of faults) run.expect(false, fault)
}

/** The time of day of one running daemon jumps, while it writes a line for every commit. */
async function strobe(run: ScenarioRun): Promise<void> {
  const { cluster } = run
  const victim = victimOf(run)
  const client = cluster.daemon(victim).client()
  const { level } = defaultNodeOptions.log
  await client.call('log.setLevel', { level: 'debug' })
  const look = watchClock(run, victim)
  const name = cluster.nameOf(victim)
  await othersGoOn(run, [victim], async () => {
    const isOver = (spentMs: number): boolean =>
      spentMs >= run.faultMs && (checkSkew(name, look()).length === 0 || spentMs >= seenMs)
    for (let spentMs = 0; !isOver(spentMs); spentMs += 100) {
      turn(run, victim, Math.round((run.random() - 0.5) * 2 * hourMs))
      await run.sleep(100)
    }
  })
  turn(run, victim, 0)
  for (const fault of checkSkew(name, look())) run.expect(false, fault)
  await client.call('log.setLevel', { level })
}

/** Tells by how much the clock of a daemon has been wrong from now on, by what it writes in its log. */
function watchClock({ cluster }: ScenarioRun, node: number): () => number {
  const lines = cluster.loggedAt(node).length
  const from = Date.now()
  return () => skewSeenMs(cluster.loggedAt(node).slice(lines), from, Date.now())
}

/** Flushes of one running daemon take longer, until it has timed one of them itself. */
async function flushLate(run: ScenarioRun): Promise<void> {
  const { cluster } = run
  const victim = victimOf(run)
  const name = cluster.nameOf(victim)
  const before = await flushesOf(run, victim)
  const faults = async (): Promise<readonly string[]> =>
    checkFlushes(name, before, await flushesOf(run, victim), lateMs)
  await othersGoOn(run, [victim], async () => {
    turn(run, victim, lateMs)
    await run.sleep(run.faultMs)
    await until(run, seenMs, async () => (await faults()).length === 0)
  })
  const found = await faults()
  turn(run, victim, 0)
  for (const fault of found) run.expect(false, fault)
}

async function flushesOf({ cluster }: ScenarioRun, node: number): Promise<Flushes> {
  const counters = await cluster.counters(node)
  const of = (part: string): number => counters.get(`novacron_store_flush_seconds_${part}`) ?? 0
  return { count: of('count'), seconds: of('sum') }
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
    run: strobe
  },
  {
    kind: 'real',
    nodesMin: 4,
    recoveryMsMax: 5_000,
    name: 'slow-fsync',
    what: 'Flushes of the journal and of segments take a second longer on one daemon, by its own account.',
    faultMs: 4_000,
    plan: () => ({ flags: (node, root) => slowSyncFlags(dial(root, node)) }),
    run: flushLate
  }
]
