import { assert, faultyWeight, Prng } from '@novacron/base'
import { drawLiars } from './byzantine/behaviour.ts'
import { withFaults } from './fault-plan.ts'
import type { FaultSpecification } from './fault-specification.ts'
import type { DiskFate } from './faults/fault.ts'
import { isDamage } from './faults/named.ts'
import type { Delay } from './network/delay.ts'
import { drawScenario, type Scenario } from './scenario.ts'
import { withPlaces } from './shrink.ts'

/** What many runs have in common; each has a seed of its own besides. */
export interface SimulationPlan {
  readonly replicas: number
  /** How long load and faults last. */
  readonly chaosMs: number
  /** Members that lie, fewer than a third; undefined for those that the seed draws, if no faults are named. */
  readonly liars: number | undefined
  /** Undefined for everything that the seed draws. */
  readonly faults: FaultSpecification | undefined
  /** Round trips between hosts in milliseconds, a square; undefined for the network that the seed draws. */
  readonly roundTripsMs: readonly (readonly number[])[] | undefined
}

/** On top of a measured distance: mostly next to nothing, now and then much. */
const jitter: Delay = { type: 'heavy-tail', minMs: 0.2, shape: 1.2, maxMs: 200 }

const ownDisk: DiskFate = { type: 'own' }

/** The scenario of one seed: drawn, with what the plan fixes. Places are hosts of the matrix in an order that the seed draws. */
export function planScenario(plan: SimulationPlan, seed: number): Scenario {
  const { replicas, chaosMs, liars, faults, roundTripsMs } = plan
  const drawn = drawScenario(seed, { replicas, chaosMs })
  const prng = new Prng(seed).fork()
  const scenario = faults === undefined ? drawn : withFaults(drawn, faults, prng.fork(), liars)
  const lying = liars === undefined ? scenario : withLiars(scenario, liars, prng.fork())
  return roundTripsMs === undefined ? lying : withDistances(lying, roundTripsMs, prng.fork())
}

/** Liars and those whose disks are lost or damaged are bad together: some of the disks that the seed takes away stay. */
function withLiars(scenario: Scenario, count: number, prng: Prng): Scenario {
  const { replicas, faults } = scenario
  const byzantine = drawLiars(replicas, count, prng)
  const badMax = faultyWeight(replicas)
  const gone = scenario.gone.slice(0, badMax - count)
  const bad = new Set([...byzantine, ...gone].map(({ place }) => place))
  return {
    ...scenario,
    byzantine,
    gone,
    faults: faults.flatMap(fault => {
      const isLoss = fault.type === 'crash' && fault.disk.type !== 'own'
      const places = isDamage(fault) ? [fault.place] : isLoss ? fault.places : []
      const members = places.filter(place => place < replicas)
      if (new Set([...bad, ...members]).size > badMax)
        return isLoss ? [{ ...fault, disk: ownDisk }] : []
      for (const place of members) bad.add(place)
      return [fault]
    })
  }
}

function withDistances(
  scenario: Scenario,
  roundTripsMs: readonly (readonly number[])[],
  prng: Prng
): Scenario {
  const { replicas, byzantine } = scenario
  assert(roundTripsMs.length >= replicas, 'a host for each replica')
  const observers = Math.min(scenario.observers, roundTripsMs.length - replicas)
  // The second copies of twins stand behind all others.
  const places = Math.min(roundTripsMs.length, replicas + observers + byzantine.length)
  const distancesMs = distancesAmong(roundTripsMs, places, prng)
  const network = { ...scenario.network, delay: jitter, distancesMs }
  return { ...withPlaces(scenario, replicas, observers), network }
}

function distancesAmong(
  roundTripsMs: readonly (readonly number[])[],
  places: number,
  prng: Prng
): number[][] {
  const hosts = prng.shuffle(roundTripsMs.map((_, host) => host)).slice(0, places)
  return hosts.map(from =>
    hosts.map(to => (from === to ? 0 : (roundTripsMs[from]?.[to] as number) / 2))
  )
}
