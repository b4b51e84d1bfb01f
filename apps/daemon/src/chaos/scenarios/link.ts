import type { Flow } from '../proxy/conditions.ts'
import type { RealScenario, ScenarioRun } from '../scenario.ts'
import { othersGoOn, victimOf } from './steps.ts'

/** Puts something on the bytes of one daemon, to or from all others, for the time of the fault. */
async function shapeOne(
  run: ScenarioRun,
  directions: readonly ('out' | 'in')[],
  flow: Partial<Flow>
): Promise<void> {
  const { cluster } = run
  const victim = victimOf(run)
  await othersGoOn(run, [victim], async () => {
    for (const other of cluster.honest) {
      if (other === victim) continue
      if (directions.includes('out')) cluster.links.shape(victim, other, flow)
      if (directions.includes('in')) cluster.links.shape(other, victim, flow)
    }
    await run.sleep(run.faultMs)
  })
}

const link = { kind: 'real', nodesMin: 4, recoveryMsMax: 3_000, faultMs: 3_000 } as const

/** Faults of links that are there and do not do what they should. */
export const linkScenarios: readonly RealScenario[] = [
  {
    ...link,
    name: 'asymmetric-out',
    what: 'What one daemon sends is lost, what it is sent arrives.',
    run: run => shapeOne(run, ['out'], { mode: 'swallow' })
  },
  {
    ...link,
    name: 'asymmetric-in',
    what: 'What one daemon is sent is lost, what it sends arrives.',
    run: run => shapeOne(run, ['in'], { mode: 'swallow' })
  },
  {
    ...link,
    name: 'asymmetric-long',
    what: 'What one daemon sends is lost for so long that the silence is noticed.',
    faultMs: 9_000,
    run: run => shapeOne(run, ['out'], { mode: 'swallow' })
  },
  {
    ...link,
    name: 'half-open',
    what: 'Connections to and from one daemon come up, and nothing is ever answered.',
    run: async run => {
      const victim = victimOf(run)
      const others = run.cluster.honest.filter(node => node !== victim)
      await othersGoOn(run, [victim], async () => {
        for (const other of others) run.cluster.links.cut(victim, other)
        for (const other of others) run.cluster.links.halfOpen(victim, other)
        await run.sleep(run.faultMs)
      })
    }
  },
  {
    ...link,
    name: 'delay',
    what: 'Every byte is 50 to 80 ms late.',
    run: async run => {
      await othersGoOn(run, [], async () => {
        run.cluster.links.shapeAll({ delayMs: 50, jitterMs: 30 })
        await run.sleep(run.faultMs)
      })
    }
  },
  {
    ...link,
    name: 'rate-limit',
    what: 'One daemon is reached with 100 kB a second from each other, and sends no faster.',
    run: run => shapeOne(run, ['out', 'in'], { bytesPerSecond: 100_000 })
  },
  {
    ...link,
    name: 'corrupt-bytes',
    what: 'One in fifty chunks to and from one daemon has a flipped bit; nobody is blamed for it.',
    run: run => shapeOne(run, ['out', 'in'], { corruptChance: 0.02 })
  }
]
