import { describe, expect, test } from 'vitest'
import { damages } from '../../src/disk/damage.ts'
import { deviceNames } from '../../src/disk/disk.ts'
import { type Fault, quietScenario, type Scenario, Simulation } from '../../src/index.ts'
import { diskOperations } from '../../src/node.ts'
import { crash } from '../cases/run.ts'
import { bullsharkNeeds } from '../needs.ts'
import { seeds } from '../seeds.ts'

const place = 2

/** Short memory, so that what a disk has lost is soon not to be had from commits alone. */
const scenario: Scenario = {
  ...quietScenario,
  replica: { checkpointIntervalCommits: 5, retentionCommits: 5, payloadWaitMs: 500 },
  bullshark: { gcDepthRounds: 8 },
  chaosMs: 2_000,
  loadAfterMs: 1_000
}

function run(seed: number, faults: readonly Fault[]) {
  const simulation = new Simulation({ ...scenario, seed, faults }, bullsharkNeeds())
  const report = simulation.run()
  expect(report.firstViolation, `seed ${seed}: ${JSON.stringify(faults)}`).toBeUndefined()
  return { report, refused: simulation.world.disk(place).refused }
}

describe.each(damages)('%s', type => {
  test.each(deviceNames)(
    'in %s, found at a restart: nothing diverges, is lost or signed twice',
    device => {
      let refused = 0
      let ended = 0
      // Few rows of a database are such that a node ends that has lost them.
      for (const seed of seeds(device === 'database' ? 16 : 6)) {
        const damage: Fault = { type, atMs: 1_140 + (seed % 8), place, device, count: 4 }
        const restart: Fault = { ...crash, atMs: 1_150, places: [place], loss: 'kept', downMs: 200 }
        const result = run(seed, [damage, restart])
        refused += result.refused
        ended += result.report.counts.get('disk_refused') ?? 0
      }
      if (device !== 'signed') expect(refused).toBeGreaterThan(0)
      // Rows of the state itself: the node says so and ends, and comes back without its database.
      if (device === 'database') expect(ended).toBeGreaterThan(0)
    }
  )
})

test.each(diskOperations)(
  'a %s that fails ends the node, which goes on when the disk works',
  operation => {
    let ended = 0
    for (const seed of seeds(6)) {
      const fault: Fault = { type: 'disk-error', atMs: 300, forMs: 1_500, place, operation }
      // Somebody else's outage makes the place read what it must give away.
      const absent: Fault = { ...crash, atMs: 400, places: [3], loss: 'lost', downMs: 500 }
      ended += run(seed, [fault, absent]).report.counts.get(`disk_error_${operation}`) ?? 0
    }
    expect(ended).toBeGreaterThan(0)
  }
)

test('a record that a crash cuts in the middle is as if it had never been written', () => {
  for (const seed of seeds(10)) {
    const faults = [700, 1_100, 1_500].map(
      (atMs): Fault => ({ ...crash, atMs, places: [seed % 4], loss: 'torn', downMs: 80 })
    )
    run(seed, faults)
  }
})

test('a full disk: nothing is taken in meanwhile, and the machine knows', () => {
  const { report } = run(1, [{ type: 'disk-full', atMs: 500, forMs: 900, place }])
  expect(report.counts.get('message_dropped_disk_full')).toBeGreaterThan(10)
})
