import { expect, test } from 'vitest'
import { quietScenario, simulate } from '../src/index.ts'
import { bullsharkNeeds } from './needs.ts'
import { asShipped } from './shipped-modes.ts'

const cutMs = 3_000

/** Commits of the last member while the links in `pairs` are cut. */
function commitsWhileCut(seed: number, pairs: readonly (readonly [number, number])[]): number {
  let count = 0
  const onExecuted = (place: number, _subDag: unknown, atMs: number): void => {
    if (place === 3 && atMs > 2_000 && atMs < 2_000 + cutMs) count++
  }
  const scenario = {
    ...quietScenario,
    seed,
    load: { ...quietScenario.load, clients: 8, intervalMs: 20 },
    faults: [{ type: 'cut', atMs: 2_000, forMs: cutMs, pairs }] as const,
    chaosMs: 6_000
  }
  const report = simulate(asShipped(scenario, 'bullshark-turbo'), {
    ...bullsharkNeeds(),
    onExecuted
  })
  expect(report.firstViolation).toBeUndefined()
  return count
}

// The one who hears it has its headers, which nobody else votes for; where it waited for them as a leader's, everybody waited
// for it in turn, and three seconds had nine commits in place of three hundred.
test.each([
  { seed: 7, bridge: 3 },
  { seed: 7, bridge: 0 },
  { seed: 8, bridge: 0 }
])(
  'seed $seed: a member that only place $bridge hears costs little more than a dead one',
  ({ seed, bridge }) => {
    const all = [0, 2, 3].map(place => [1, place] as const)
    const dead = commitsWhileCut(seed, all)
    const halfHeard = commitsWhileCut(
      seed,
      all.filter(([, place]) => place !== bridge)
    )
    expect(halfHeard).toBeGreaterThan(dead / 2)
  }
)
