import { describe, expect, test } from 'vitest'
import { Committer } from '../../src/bullshark/committer.ts'
import type { TurboOptions } from '../../src/bullshark/options.ts'
import { baseLeader } from '../../src/bullshark/schedule.ts'
import {
  type BatchReference,
  bullsharkRules,
  type Certificate,
  type HeaderFields
} from '../../src/index.ts'
import {
  batch,
  committeeOf,
  domain,
  four,
  hash,
  header,
  replica,
  round,
  Sketch
} from '../fixtures.ts'
import { Observer } from './ordering.ts'

const plain: TurboOptions = {
  pipelined: false,
  fastCommit: false,
  anchorsPerRound: 1,
  reputation: false
}
const cluster = { gcDepthRounds: 8, schedulePeriodCommits: 2, scheduleWindowCommits: 4 }
const everyone = [0, 1, 2, 3]
const observer = (turbo: Partial<TurboOptions>, more: Partial<typeof cluster> = {}) =>
  new Observer(four, { ...cluster, ...more, turbo: { ...plain, ...turbo } })
const anchorsOf = (turbo: Partial<TurboOptions>, r: number) =>
  observer(turbo).committer.anchorsOf(round(r))
const leader = (r: number) => anchorsOf({ pipelined: true }, r)[0] as number
const others = (author: number) => everyone.filter(each => each !== author)
const places = (some: Observer) => some.commits.map(c => `${c.anchor.round}/${c.anchor.author}`)

/** What an author signs in this round: links to these authors of the round before. */
function headerOf(sketch: Sketch, r: number, author: number, parents: readonly number[]) {
  const linked = parents.map(parent => sketch.at(r - 1, parent))
  const fields: Partial<HeaderFields> = {
    round: round(r),
    author: replica(author),
    parents: linked.map(c => ({ author: c.header.author, digest: c.digest }))
  }
  return header(fields)
}

describe('where the anchors stand', () => {
  test('in every second round, or in every one', () => {
    expect([1, 2, 3, 4].map(r => anchorsOf({}, r).length)).toEqual([0, 1, 0, 1])
    expect([0, 1, 2, 3].map(r => anchorsOf({ pipelined: true }, r).length)).toEqual([0, 1, 1, 1])
  })

  test('as many in a round as there are, at most', () => {
    expect(anchorsOf({ anchorsPerRound: 3 }, 2)).toHaveLength(3)
    expect([...anchorsOf({ anchorsPerRound: 9 }, 2)].sort()).toEqual(everyone)
  })

  test('every switch alone commits a calm network, each round once', () => {
    const sketch = new Sketch().full(1, 9)
    const rounds = (turbo: Partial<TurboOptions>) =>
      observer(turbo).insert(sketch.all).order().anchors
    expect(rounds({})).toEqual([2, 4, 6, 8])
    expect(rounds({ pipelined: true })).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(rounds({ anchorsPerRound: 2 })).toEqual([2, 2, 4, 4, 6, 6, 8, 8])
    expect(rounds({ reputation: true })).toEqual([2, 4, 6, 8])
  })
})

describe('fast commit', () => {
  const fast = { pipelined: true, fastCommit: true }
  const sketch = new Sketch().full(1, 1)

  function heard(turbo: Partial<TurboOptions>, links: readonly (readonly number[])[]): Observer {
    const some = observer(turbo).insert(sketch.all)
    for (const [author, parents] of links.entries()) {
      some.committer.onHeader(headerOf(sketch, 2, author, parents))
    }
    return some.order()
  }

  const without = others(leader(1))

  test('takes the headers of a quorum, and not of fewer', () => {
    expect(heard(fast, [everyone, everyone, everyone]).anchors).toEqual([1])
    expect(heard(fast, [everyone, everyone]).anchors).toEqual([])
    expect(heard(fast, [everyone, everyone, without]).anchors).toEqual([])
    expect(heard(fast, [everyone, without, everyone, everyone]).anchors).toEqual([1])
    expect(heard({ pipelined: true }, [everyone, everyone, everyone]).anchors).toEqual([])
  })

  test('counts the first header of each author alone', () => {
    const some = heard(fast, [everyone, everyone, without])
    const second = headerOf(sketch, 2, 2, everyone)
    expect(some.committer.onHeader(second)).toBe(false)
    expect(some.order().anchors).toEqual([])
    expect(some.committer.onHeader(headerOf(sketch, 2, 3, everyone))).toBe(true)
    expect(some.order().anchors).toEqual([1])
  })

  test('goes beside the certified votes: whichever comes first, once', () => {
    const some = heard(fast, [everyone, everyone])
    const votes = new Sketch().full(1, 2).all.filter(c => c.header.round === 2)
    expect(some.insert(votes.slice(0, 1)).order().anchors).toEqual([])
    expect(some.insert(votes.slice(1, 2)).order().anchors).toEqual([1])
    some.committer.onHeader(headerOf(sketch, 2, 2, everyone))
    expect(some.order().anchors).toEqual([1])
  })

  test('needs the anchor itself, not only its name', () => {
    const some = observer(fast).insert(
      sketch.all.filter(({ header: { author } }) => author !== leader(1))
    )
    for (const author of everyone) {
      some.committer.onHeader(headerOf(sketch, 2, author, everyone))
    }
    expect(some.order().anchors).toEqual([])
    expect(some.insert([sketch.at(1, leader(1))]).order().anchors).toEqual([1])
  })

  test('passes over headers of rounds that are done with or too far ahead', () => {
    const some = observer(fast).insert(new Sketch().full(1, 6).all).order()
    const far = header({ round: round(11), author: replica(0) })
    expect(some.committer.onHeader(far)).toBe(false)
    expect(some.committer.onHeader({ ...far, round: round(10) })).toBe(true)
    expect(some.committer.onHeader({ ...far, round: some.committer.lastAnchorRound })).toBe(false)
  })
})

describe('several anchors in a round', () => {
  const all = { pipelined: true, anchorsPerRound: 4 }

  test('are ordered one by one, in their order', () => {
    const some = observer(all).insert(new Sketch().full(1, 3).all).order()
    const expected = [1, 2].flatMap(r => anchorsOf(all, r).map(author => `${r}/${author}`))
    expect(places(some)).toEqual(expected)
    expect(some.commits.map(c => c.vertices.length)).toEqual(new Array(8).fill(1))
  })

  test('one that is missing holds the others up until the leader two rounds above passes over it', () => {
    const [first, second, ...rest] = anchorsOf(all, 2) as unknown as [number, number]
    const sketch = new Sketch().full(1, 1).full(2, 2, others(second)).full(3, 3)
    const some = observer(all).insert(sketch.all).order()
    expect(places(some).slice(4)).toEqual([`2/${first}`])
    some.insert(sketch.full(4, 4).all).order()
    expect(places(some).slice(4)).toEqual([`2/${first}`])
    some.insert(sketch.full(5, 5).all).order()
    // What is passed over is no anchor, but it is ordered.
    const above = anchorsOf(all, 4).map(author => `4/${author}`)
    expect(places(some).slice(5)).toEqual(above)
    const ordered = some.commits[5]!.vertices.map(v => `${v.round}/${v.author}`)
    for (const author of rest) expect(ordered).toContain(`2/${author}`)
  })

  test('a restore in the middle of a round goes on with the next', () => {
    const sketch = new Sketch().full(1, 6)
    const lived = observer(all).insert(sketch.all).order()
    for (let known = 1; known < lived.commits.length; known++) {
      const restored = observer(all)
      restored.committer.restore(lived.commits.slice(0, known))
      expect(restored.insert(sketch.all).order().digests).toEqual(lived.digests.slice(known))
    }
  })
})

describe('reputation', () => {
  const turbo = { pipelined: true, anchorsPerRound: 4, reputation: true }

  test('takes who is away out of the anchors, and back when it is there again', () => {
    const away = leader(1)
    const sketch = new Sketch().full(1, 2).full(3, 12, others(away))
    const some = observer(turbo, { scheduleWindowCommits: 8 }).insert(sketch.all).order()
    expect(some.committer.anchorsOf(round(14))).toHaveLength(3)
    expect(some.committer.anchorsOf(round(14))).not.toContain(away)
    expect(some.committer.leaderOf(round(14))).not.toBe(away)
    some.insert(sketch.full(13, 20).all).order()
    expect(some.committer.anchorsOf(round(22))).toContain(away)
  })
})

describe('an instance', () => {
  const drawn = (r: number) => baseLeader(round(r), four, domain, hash)
  /** The first round whose leader is drawn for the one two rounds above it as well. */
  const twice = (() => {
    for (let r = 2; ; r++) if (drawn(r) === drawn(r + 2)) return r
  })()
  const gone = drawn(twice)
  const one = { pipelined: true }

  test('has another leader two rounds above one that is gone, so that one alone is passed over', () => {
    const sketch = new Sketch().full(1, twice - 1).full(twice, twice + 4, others(gone))
    const some = observer(one).insert(sketch.all).order()
    const before = Array.from({ length: twice - 1 }, (_, i) => i + 1)
    expect(some.anchors.slice(0, twice)).toEqual([...before, twice + 2])
    expect(some.commits[twice - 1]?.anchor.author).not.toBe(gone)
  })

  test('lets one that has led it lead again once a quorum has', () => {
    const quorumless = new Sketch().full(1, twice - 1)
    const some = observer(one).insert(quorumless.all).order()
    expect(some.anchors.at(-1)).toBe(twice - 2)
    const led = Array.from({ length: 40 }, (_, i) => twice - 1 + 2 * i).map(
      r => some.committer.anchorsOf(round(r))[0]
    )
    const distinct = (of: number) =>
      Array.from({ length: 8 }, (_, i) => new Set(led.slice(i * of, (i + 1) * of)).size)
    expect(distinct(3)).toEqual(new Array(8).fill(3))
    // Three of four are the quorum, so it is not always all four in turn.
    expect(Math.min(...distinct(4))).toBeLessThan(4)
  })

  test('has the heavy lead again before all light ones have led', () => {
    const heavy = committeeOf(5, 5, 1, 1, 1, 1, 1, 1)
    const some = new Observer(heavy, { ...cluster, turbo: { ...plain, ...one } })
    const led = Array.from({ length: 40 }, (_, i) => some.committer.leaderOf(round(1 + 2 * i)))
    // Both heavy ones and one light one are a quorum of 11; all light ones and no heavy one are 6.
    let turn = new Set<number>()
    const turns: number[] = []
    for (const author of led) {
      expect(turn.has(author)).toBe(false)
      turn.add(author)
      if (heavy.weightOfAll([...turn] as never) < heavy.quorumWeight) continue
      turns.push(turn.size)
      turn = new Set()
    }
    expect(Math.min(...turns)).toBe(3)
    expect(Math.max(...turns)).toBeLessThan(8)
  })

  test('is the same after a restore', () => {
    const sketch = new Sketch().full(1, twice - 1).full(twice, twice + 6, others(gone))
    const lived = observer(one).insert(sketch.all).order()
    for (let known = 1; known < lived.commits.length; known++) {
      const restored = observer(one)
      restored.committer.restore(lived.commits.slice(0, known))
      expect(restored.insert(sketch.all).order().digests).toEqual(lived.digests.slice(known))
    }
  })
})

describe('what an open round waits for', () => {
  const all = { pipelined: true, fastCommit: true, anchorsPerRound: 4 }
  const start = { round: round(0), anchors: 0 }
  const [first, second] = anchorsOf(all, 1) as unknown as [number, number]

  function awaits(
    turbo: Partial<TurboOptions>,
    sketch: Sketch,
    seen: readonly number[],
    r = 1,
    payload: readonly BatchReference[] = []
  ) {
    const dag = sketch.dag()
    const needs = { committee: four, domain, hash, rules: bullsharkRules, dag }
    const committer = new Committer({ ...cluster, turbo: { ...plain, ...turbo } }, needs)
    for (const author of seen) {
      committer.onHeader(header({ round: round(r), author: replica(author), payload }))
    }
    expect(committer.lastAnchorRound).toBe(start.round)
    return committer.awaits(round(r), replica(others(leader(r + 1))[0] as number))
  }

  test.each([
    { name: 'all are here', missing: undefined, seen: [], expected: 'nothing' },
    { name: 'the leader has shown itself', missing: first, seen: [first], expected: 'leader' },
    { name: 'the leader has not', missing: first, seen: [], expected: 'nothing' },
    { name: 'another is on its way', missing: second, seen: [second], expected: 'anchors' },
    { name: 'another is silent', missing: second, seen: [], expected: 'nothing' }
  ])('$expected where $name', ({ missing, seen, expected }) => {
    const sketch = new Sketch().full(1, 1, missing === undefined ? everyone : others(missing))
    expect(awaits(all, sketch, seen)).toBe(expected)
  })

  test('anybody whose header is here is worth a moment, anchor or not', () => {
    const sketch = new Sketch().full(1, 1, others(second))
    expect(awaits({ pipelined: true }, sketch, [second])).toBe('links')
    expect(awaits({}, sketch, [second])).toBe('links')
    expect(awaits({}, sketch, [])).toBe('nothing')
  })

  test.each([
    {
      name: 'much payload of a member that was there before',
      bytes: [131_000, 72],
      last: 4,
      expected: 'payload'
    },
    { name: 'less', bytes: [131_000, 71], last: 4, expected: 'links' },
    {
      name: 'much of one that has had no vertex for long',
      bytes: [500_000],
      last: 1,
      expected: 'links'
    }
  ])('$name in a header that is here: $expected', ({ bytes, last, expected }) => {
    const late = others(leader(5))[0] as number
    const sketch = new Sketch().full(1, last).full(last + 1, 5, others(late))
    const payload = bytes.map((sizeBytes, at) => ({ ...batch(`late ${at}`), sizeBytes }))
    expect(awaits({ pipelined: true }, sketch, [late], 5, payload)).toBe(expected)
  })

  test('a leader that was there in the round before is waited for', () => {
    const sketch = new Sketch().full(1, 1).full(2, 2, others(leader(2)))
    expect(awaits({ pipelined: true }, sketch, [], 2)).toBe('leader')
  })

  test.each([
    { name: 'not long ago', last: 2, expected: 'leader' },
    { name: 'too long ago', last: 1, expected: 'anchors' }
  ])(
    'a leader with headers alone, whose last vertex was $name: $expected',
    ({ last, expected }) => {
      const silent = leader(5)
      const sketch = new Sketch().full(1, last).full(last + 1, 5, others(silent))
      expect(awaits(all, sketch, [silent], 5)).toBe(expected)
    }
  )

  test('without commits for long also a leader that nobody has heard of', () => {
    // The instance began in round 1, so it has no leader in even rounds.
    const awaitsLeaderOf = (r: number) =>
      awaits({ pipelined: true }, new Sketch().full(1, r, others(leader(r))), [], r)
    expect([5, 7, 8, 9].map(awaitsLeaderOf)).toEqual([
      'nothing',
      'silent-leader',
      'nothing',
      'silent-leader'
    ])
  })

  test('votes that may still go either way', () => {
    const sketch = new Sketch().full(1, 1)
    const vote = (author: number): Certificate =>
      sketch.add(2, author, author === 0 ? everyone : others(leader(1)))
    for (const author of everyone.slice(0, 3)) vote(author)
    expect(awaits({ pipelined: true }, sketch, [], 2)).toBe('leader')
    vote(3)
    expect(awaits({ pipelined: true }, sketch, [], 2)).toBe('nothing')
  })
})
