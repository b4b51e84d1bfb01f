import type { Round } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { bullsharkModes, DagBuilder, DagObserver } from '../../src/index.ts'
import { sha256 } from '../hash.ts'
import { seeds } from '../seeds.ts'
import { follow, grow } from './grown.ts'
import { crash, leadersOf, runCase, type Wrap } from './run.ts'

const gcDepthRounds = 8
const builder = new DagBuilder(4, sha256)

describe('case 6 (sui #5522, #13579, #13752): certificates older than what is kept', () => {
  test.each([0, 1, 2, 3])(
    'of author %i, whose first vertices are forgotten before they come: the later ones count, in the same order',
    author => {
      const joins = 23
      // Until then nobody but the author itself names its vertices.
      const dag = grow(builder, 40, {
        links: (round, by, { header }) =>
          header.author !== author || by === author || round >= joins
      })
      const isLate = (round: number, by: number) => by === author && round < joins
      const early = dag.filter(({ header }) => !isLate(header.round, header.author))
      const late = dag.filter(({ header }) => isLate(header.round, header.author))
      const observer = follow(
        builder,
        early.filter(({ header }) => header.round < joins),
        { gcDepthRounds }
      )
      const { gcRound } = observer.orderer.dag
      expect(gcRound).toBeGreaterThan(4)
      const before = observer.commits.length
      // Older than what is kept: nothing comes of it.
      for (const certificate of late.filter(({ header }) => header.round <= gcRound)) {
        expect(observer.give(certificate)).toEqual([])
        expect(observer.orderer.dag.get(certificate.digest)).toBeUndefined()
      }
      // The lowest of these has parents that were never here, at the round that is forgotten.
      for (const certificate of late.filter(({ header }) => header.round > gcRound)) {
        observer.give(certificate)
        expect(observer.orderer.dag.get(certificate.digest)).toBe(certificate)
      }
      for (const certificate of early.filter(({ header }) => header.round >= joins)) {
        observer.give(certificate)
      }
      const { commits } = follow(builder, dag, { gcDepthRounds })
      expect(observer.commits.map(({ digest }) => digest)).toEqual(commits.map(c => c.digest))
      const ordered = observer.commits
        .slice(before)
        .flatMap(({ vertices }) => vertices.filter(vertex => vertex.author === author))
      expect(ordered.some(({ round }) => round < joins)).toBe(true)
    }
  )

  const runs = bullsharkModes.flatMap(mode => seeds(2).map(seed => ({ mode, seed })))

  test.each(runs)('$mode, seed $seed: who was away for longer catches up', ({ mode, seed }) => {
    const downMs = 2_000
    const { report, at, indexAt } = runCase({
      ...{ mode, seed },
      bullshark: { gcDepthRounds, minHeaderDelayMs: 10, idleHeaderDelayMs: 20 },
      byzantine: [{ place: 0, behaviours: ['replay'] }],
      faults: [{ ...crash, places: [2], downMs }],
      chaosMs: 4_000
    })
    expect(report.firstViolation).toBeUndefined()
    const backMs = crash.atMs + downMs
    const roundAt = (place: number, atMs: number) =>
      at(place).findLast(one => one.atMs <= atMs)?.subDag.anchor.round ?? 0
    expect(roundAt(1, backMs)).toBeGreaterThan(roundAt(2, crash.atMs) + 2 * gcDepthRounds)
    expect(report.counts.get('ignored_below-garbage-collection')).toBeGreaterThan(10)
    expect(indexAt(2, backMs + 1_000)).toBeGreaterThanOrEqual(indexAt(1, backMs))
    expect(indexAt(2, 4_000)).toBeGreaterThanOrEqual(indexAt(1, 3_500))
  })
})

describe('case 7 (snarkOS ZKS-04): no commit for more than twice the depth of garbage collection', () => {
  test('nothing that is needed is forgotten, and commits resume', () => {
    const leaders = new DagObserver({}, { builder }).orderer
    const silent = 2 * gcDepthRounds + 4
    const dag = grow(builder, silent + 6, {
      links: (round, _author, { header }) =>
        round > silent || header.author !== leaders.leaderOf((round - 1) as Round)
    })
    const [first, ...more] = follow(builder, dag, { gcDepthRounds }).commits
    expect(first?.anchor.round).toBeGreaterThanOrEqual(silent)
    const rounds = new Set(first?.vertices.map(({ round }) => round))
    const anchor = first?.anchor.round as number
    for (let round = anchor - gcDepthRounds + 1; round <= anchor; round++) {
      expect(rounds.has(round as Round), `round ${round}`).toBe(true)
    }
    expect(more.length).toBeGreaterThan(0)
  })

  const asynchrony = { fromMs: 500, toMs: 4_500 }
  const ceilingMs = 40

  /**
   * The network keeps back what the leaders of Bullshark's waves sign, for longer than anybody waits. (Every member has anchors
   * in turbo, so there nothing less than all of them would do.)
   */
  const lateAnchors: Wrap = (protocol, world) => ({
    ...protocol,
    make(seat) {
      const replica = protocol.make(seat)
      const step = replica.step.bind(replica)
      const leaderOf = leadersOf(world())
      const passed = new WeakSet<object>()
      const late: typeof step = (event, now) => {
        const atMs = now - 1_000
        const isNow = atMs >= asynchrony.fromMs && atMs < asynchrony.toMs
        if (event.type !== 'received' || passed.has(event) || !isNow) return step(event, now)
        const { layer, message } = event.message
        if (layer !== 'order') return step(event, now)
        if (message.type !== 'header' && message.type !== 'certificate') return step(event, now)
        const { round, author } =
          message.type === 'header' ? message.signed.header : message.certificate.header
        if (round % 2 === 1 || leaderOf(round) !== author) return step(event, now)
        passed.add(event)
        const { queue } = world()
        queue.schedule(queue.now + 10 * ceilingMs, () => {
          world().node(world().placeOf(seat.peer)).step(event)
        })
        return []
      }
      return Object.assign(replica, { step: late })
    }
  })

  test.each(seeds(3))(
    'seed %i: anchors that come late stop commits and slow the rounds, until they come in time',
    seed => {
      const rounds: { readonly round: number; readonly atMs: number }[] = []
      const run = runCase(
        {
          seed,
          bullshark: {
            ...{ gcDepthRounds, minHeaderDelayMs: 10, idleHeaderDelayMs: 20 },
            ...{ maxHeaderDelayMs: 20, maxHeaderDelayCeilingMs: ceilingMs }
          },
          chaosMs: asynchrony.toMs
        },
        {
          wrap: lateAnchors,
          watch: ([first], atMs) => void rounds.push({ round: first?.round as number, atMs })
        }
      )
      const roundAt = (ms: number) => rounds.findLast(({ atMs }) => atMs <= ms)?.round as number
      const { fromMs, toMs } = asynchrony
      // Everything that was submitted meanwhile is answered in the end, whatever was forgotten of the rounds.
      expect(run.report.firstViolation).toBeUndefined()
      expect(run.report.applied).toBe(run.report.acknowledged)
      const begun = fromMs + 250
      expect(run.indexAt(0, toMs)).toBe(run.indexAt(0, begun))
      expect(roundAt(toMs) - roundAt(begun)).toBeGreaterThan(2 * gcDepthRounds + 4)
      // What is not ordered stays in memory: rounds come at least twice the longest wait apart by then.
      expect(roundAt(toMs) - roundAt(toMs - 1_000)).toBeLessThanOrEqual(1_000 / (2 * ceilingMs) + 1)
      expect(run.report.recoveredMs).toBeLessThan(3_000)
    }
  )
})
