import { assert, Prng } from '@novacron/base'
import { withFaults } from './fault-plan.ts'
import type { FaultSpecification } from './fault-specification.ts'
import type { Delay } from './network/delay.ts'
import { drawScenario, type Scenario } from './scenario.ts'

/** What many runs have in common; each has a seed of its own besides. */
export interface SimulationPlan {
  readonly replicas: number
  /** How long load and faults last. */
  readonly chaosMs: number
  /** Undefined for everything that the seed draws. */
  readonly faults: FaultSpecification | undefined
  /** Round trips between hosts in milliseconds, a square; undefined for the network that the seed draws. */
  readonly roundTripsMs: readonly (readonly number[])[] | undefined
}

/** On top of a measured distance: mostly next to nothing, now and then much. */
const jitter: Delay = { type: 'heavy-tail', minMs: 0.2, shape: 1.2, maxMs: 200 }

/** The scenario of one seed: drawn, with what the plan fixes. Places are hosts of the matrix in an order that the seed draws. */
export function planScenario(plan: SimulationPlan, seed: number): Scenario {
  const { replicas, chaosMs, faults, roundTripsMs } = plan
  const drawn = drawScenario(seed, { replicas, chaosMs })
  const scenario = faults === undefined ? drawn : withFaults(drawn, faults)
  if (roundTripsMs === undefined) return scenario
  const distancesMs = distancesAmong(roundTripsMs, replicas + scenario.observers, new Prng(seed))
  return { ...scenario, network: { ...scenario.network, delay: jitter, distancesMs } }
}

function distancesAmong(
  roundTripsMs: readonly (readonly number[])[],
  places: number,
  prng: Prng
): number[][] {
  assert(roundTripsMs.length >= places, 'a host for each place')
  const hosts = prng.shuffle(roundTripsMs.map((_, host) => host)).slice(0, places)
  return hosts.map(from =>
    hosts.map(to => (from === to ? 0 : (roundTripsMs[from]?.[to] as number) / 2))
  )
}
