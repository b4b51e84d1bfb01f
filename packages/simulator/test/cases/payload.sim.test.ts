import type { Digest } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { quietScenario } from '../../src/index.ts'
import { seeds } from '../seeds.ts'
import { runCase, type Wrap } from './run.ts'

/** A place whose store gets a pushed batch without its machine hearing of it; `isDeaf`, nor when it comes again. */
function unaware(place: number, isDeaf: boolean, seen: Set<Digest>): Wrap {
  return (protocol, world) => ({
    ...protocol,
    make(seat) {
      const replica = protocol.make(seat)
      if (seat.self !== place) return replica
      const step = replica.step.bind(replica)
      return Object.assign(replica, {
        step: (event: Parameters<typeof step>[0], now: Parameters<typeof step>[1]) => {
          if (event.type !== 'received') return step(event, now)
          const { layer, message } = event.message
          if (layer !== 'mempool' || message.type !== 'batch') return step(event, now)
          const { digest } = message.batch
          if (seen.has(digest) && !isDeaf) return step(event, now)
          seen.add(digest)
          world().disk(place).storeBatch(message.batch)
          return []
        }
      })
    }
  })
}

/** Payload travels apart from what names it, as large batches do. */
const mempool = { besideHeaderBytesMax: 0 }

describe('case 16 (narwhal #837): payload', () => {
  test.each(seeds(5))('seed %i: that reaches a quorum only is had by the last as well', seed => {
    const run = runCase({
      seed,
      mempool,
      faults: [{ type: 'starve', atMs: 300, forMs: 1_500, place: 3 }]
    })
    expect(run.report.firstViolation).toBeUndefined()
    // The others went on without it; it could order, and run nothing whose payload it lacks.
    expect(run.indexAt(0, 1_700)).toBeGreaterThan(run.indexAt(3, 1_700))
    const last = run.at(3).map(({ subDag }) => subDag.index)
    expect(last).toEqual([...last].sort((a, b) => a - b))
  })

  test.each(seeds(5))('seed %i: that its author withholds is pulled from others', seed => {
    const run = runCase({ seed, mempool, byzantine: [{ place: 0, behaviours: ['withhold'] }] })
    expect(run.report.firstViolation).toBeUndefined()
    expect(run.report.acknowledged).toBeGreaterThan(20)
  })

  /** Headers come before what they name, and each needs the vote of place 3. */
  const withUnawareVoter = (seed: number, isDeaf: boolean) => {
    const seen = new Set<Digest>()
    const run = runCase(
      {
        seed,
        mempool,
        network: { ...quietScenario.network, bulkLagMs: 40 },
        gone: [{ place: 2, atMs: 200, loss: 'kept' }],
        chaosMs: 3_000,
        loadAfterMs: 1_000
      },
      { wrap: unaware(3, isDeaf, seen) }
    )
    return { run, silent: seen.size }
  }

  test.each(seeds(5))('seed %i: that lies in the store of a voter who was not told', seed => {
    const { run, silent } = withUnawareVoter(seed, false)
    expect(run.report.firstViolation).toBeUndefined()
    expect(silent).toBeGreaterThan(20)
    expect(run.report.acknowledged).toBeGreaterThan(100)
  })

  test('a voter that stays silent when it comes again holds everybody up', () => {
    const acknowledged = (isDeaf: boolean) =>
      [1, 2, 3, 4, 5].reduce(
        (sum, seed) => sum + withUnawareVoter(seed, isDeaf).run.report.acknowledged,
        0
      )
    expect(acknowledged(true)).toBeLessThan(0.9 * acknowledged(false))
  })
})
