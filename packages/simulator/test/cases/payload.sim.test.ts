import type { Digest, ReplicaId, Round } from '@novacron/base'
import { encodeEnvelope, logApplication } from '@novacron/execution'
import { describe, expect, test } from 'vitest'
import { type Answer, type BullsharkMode, bullsharkModes, quietScenario } from '../../src/index.ts'
import { seeds } from '../seeds.ts'
import { type CaseProtocol, type CaseRun, runCase, type Wrap } from './run.ts'

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

/** Headers come before what they name, and each needs the vote of place 3. */
function withUnawareVoter(mode: BullsharkMode, seed: number, isDeaf: boolean) {
  const seen = new Set<Digest>()
  const run = runCase(
    {
      ...{ mode, seed, mempool },
      network: { ...quietScenario.network, bulkLagMs: 40 },
      gone: [{ place: 2, atMs: 200, loss: 'kept' }],
      chaosMs: 3_000,
      loadAfterMs: 1_000
    },
    { wrap: unaware(3, isDeaf, seen) }
  )
  return { run, silent: seen.size }
}

// There are no worker ids: payload is named by its digest alone, so it cannot lie under a wrong one.
describe.each(bullsharkModes)('case 16 (narwhal #837): payload, %s', mode => {
  test.each(seeds(3))('seed %i: that reaches a quorum only is had by the last as well', seed => {
    const [fromMs, toMs] = [300, 1_800]
    const run = runCase({
      ...{ mode, seed, mempool },
      faults: [{ type: 'starve', atMs: fromMs, forMs: toMs - fromMs, place: 3 }]
    })
    expect(run.report.firstViolation).toBeUndefined()
    // The others went on without it; it could order, and run nothing whose payload it lacks.
    const before = run.indexAt(0, fromMs + 100)
    const reached = run.indexAt(0, toMs - 100)
    expect(reached).toBeGreaterThan(before + 5)
    expect(run.indexAt(3, toMs - 100)).toBeLessThan(reached)
    // Then it gets it, and runs every commit itself.
    expect(run.indexAt(3, toMs + 500)).toBeGreaterThanOrEqual(reached)
    const last = run.at(3).map(({ subDag }) => subDag.index)
    expect(last).toEqual(last.map((_, at) => at + 1))
  })

  test.each(seeds(3))('seed %i: that its author withholds is pulled from others', seed => {
    const byzantine = [{ place: 0, behaviours: ['withhold'] as const }]
    const run = runCase({ mode, seed, mempool, byzantine })
    expect(run.report.firstViolation).toBeUndefined()
    expect(run.report.acknowledged).toBeGreaterThan(20)
    // It is ordered, with what it names, by those whom it sent nothing as well.
    for (const place of [1, 2, 3]) {
      const own = run.at(place).flatMap(({ subDag }) => subDag.vertices)
      const named = own.filter(({ author, payload }) => author === 0 && payload.length > 0)
      expect(named.length, `place ${place}`).toBeGreaterThan(0)
    }
  })

  test.each(seeds(3))('seed %i: that lies in the store of a voter who was not told', seed => {
    const { run, silent } = withUnawareVoter(mode, seed, false)
    expect(run.report.firstViolation).toBeUndefined()
    expect(silent).toBeGreaterThan(20)
    expect(run.report.acknowledged).toBeGreaterThan(100)
  })
})

test('case 16: a voter that stays silent when payload comes again holds everybody up', () => {
  // Turbo orders others' vertices meanwhile: there it shows in the latency of some clients alone.
  const acknowledged = (isDeaf: boolean) =>
    [1, 2, 3].reduce(
      (sum, seed) => sum + withUnawareVoter('bullshark', seed, isDeaf).run.report.acknowledged,
      0
    )
  expect(acknowledged(true)).toBeLessThan(0.9 * acknowledged(false))
})

const resentAfterMs = 8_000

/** Vertices of a member whose last one stands more than one round below. */
function afterPassedRounds({ at }: CaseRun): number {
  const last = new Map<ReplicaId, Round>()
  let passed = 0
  for (const { subDag } of at(0)) {
    for (const { author, round } of subDag.vertices) {
      const before = last.get(author)
      if (before !== undefined && round > before + 1) passed++
      last.set(author, round)
    }
  }
  return passed
}

/** Answers that came after one to a higher number of the same client, but for what was lost or refused and sent again. */
function behindOthers({ answers }: CaseRun): readonly Answer[] {
  const highest = new Map<number, number>()
  const sentOnce = answers.filter(
    ({ firstSentAtMs, answeredAtMs }) => answeredAtMs - firstSentAtMs < resentAfterMs
  )
  return sentOnce.filter(({ client, sequence }) => {
    const before = highest.get(client) ?? 0
    highest.set(client, Math.max(before, sequence))
    return sequence < before
  })
}

// A session runs nothing that is too far ahead of what is missing: clients would have to send it all again.
describe('what a client sends to one member runs in the order of its numbers', () => {
  const runs = bullsharkModes.flatMap(mode => seeds(4).map(seed => ({ mode, seed })))
  test.each(runs)('$mode, seed $seed: also where members are late and pass over rounds', which => {
    const run = runCase({
      ...which,
      network: {
        ...quietScenario.network,
        delay: { type: 'heavy-tail', minMs: 1, shape: 1.1, maxMs: 400 }
      },
      load: { clients: 4, intervalMs: 4, outstandingMax: 2_000, retryMs: resentAfterMs },
      chaosMs: 5_000
    })
    expect(run.report.firstViolation).toBeUndefined()
    expect(run.answers.length).toBeGreaterThan(1_000)
    expect(afterPassedRounds(run)).toBeGreaterThan(0)
    expect(behindOthers(run)).toEqual([])
  })
})

/** Requests each of which makes a header that names more than 128 KiB. */
const large = (protocol: CaseProtocol): CaseProtocol => ({
  ...protocol,
  transaction(client, sequence, session) {
    if (session === undefined) return protocol.transaction(client, sequence, session)
    const payload = new Uint8Array(131_072).fill(sequence)
    return encodeEnvelope({ application: logApplication, session, sequence, payload })
  },
  isWrite: () => false
})

describe('much payload, which turbo waits for once its header is here', () => {
  const scenario = {
    mode: 'bullshark-turbo',
    network: { ...quietScenario.network, bulkLagMs: 15 },
    load: { ...quietScenario.load, clients: 16, intervalMs: 100 },
    chaosMs: 3_000
  } as const
  const late: readonly [fromMs: number, toMs: number] = [1_000, 2_500]

  test.each(seeds(3))('seed %i: comes later than what names it, and is ordered', seed => {
    const run = runCase({ ...scenario, seed }, { wrap: large })
    expect(run.report.firstViolation).toBeUndefined()
    expect(run.answeredIn(late)).toBeGreaterThan(200)
  })

  test.each(seeds(3))(
    'seed %i: that a member names and withholds costs the others little',
    seed => {
      const quiet = runCase({ ...scenario, seed }, { wrap: large })
      const byzantine = [{ place: 0, behaviours: ['withhold'] as const }]
      const run = runCase({ ...scenario, seed, byzantine }, { wrap: large })
      expect(run.report.firstViolation).toBeUndefined()
      expect(run.answeredIn(late)).toBeGreaterThan(0.5 * quiet.answeredIn(late))
      expect(run.medianLatencyMs(late)).toBeLessThan(3 * quiet.medianLatencyMs(late))
    }
  )
})
