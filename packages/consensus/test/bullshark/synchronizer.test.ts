import type { Digest } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import type { BullsharkEffect } from '../../src/bullshark/parts.ts'
import { answerPull, holdersOf, Synchronizer } from '../../src/bullshark/synchronizer.ts'
import { Dag } from '../../src/index.ts'
import {
  at,
  certify,
  counted,
  digest,
  four,
  header,
  only,
  partsOf,
  peerAt,
  replica,
  round,
  Sketch,
  slots
} from '../fixtures.ts'

const sketch = new Sketch().full(1, 6)
const source = peerAt(2)

function setUp(options = {}) {
  const dag = new Dag(four)
  const parts = partsOf({ dag }, options)
  const synchronizer = new Synchronizer(parts)
  const out: BullsharkEffect[] = []
  const accept = (r: number, author: number, now = 0) =>
    slots(synchronizer.accept(sketch.at(r, author), source, at(now), out))
  /** For a header of `author`. */
  const ask = (digests: readonly Digest[], author = 0, r = 3) =>
    synchronizer.pullForHeader(
      { author: replica(author), round: round(r) },
      digests,
      source,
      at(0),
      out
    )
  return { dag, synchronizer, out, accept, ask, parts }
}

function pulls(effects: readonly BullsharkEffect[]) {
  return only(effects, 'send').map(({ to, message }) => ({
    to,
    digests: message.type === 'pull' ? message.digests : []
  }))
}

const digestsOf = (r: number, ...authors: number[]) => authors.map(a => sketch.at(r, a).digest)

describe('a certificate whose parents are here', () => {
  test('goes in at once, and only once', () => {
    const { accept, dag, out } = setUp()
    expect(accept(1, 0)).toEqual(['1/0'])
    expect(accept(1, 0)).toEqual([])
    expect([dag.size, out.length]).toEqual([1, 0])
  })

  test('goes in above the floor only, where parents count as present', () => {
    const { accept, dag } = setUp()
    dag.collect(round(3))
    expect(accept(3, 0)).toEqual([])
    expect(accept(4, 0)).toEqual(['4/0'])
  })
})

describe('a certificate that lacks parents', () => {
  test('waits, asks its source for each once, and lets in what it completes, parents first', () => {
    const { accept, synchronizer, out } = setUp()
    expect(accept(3, 0)).toEqual([])
    expect(synchronizer.isSuspended(sketch.at(3, 0).digest)).toBe(true)
    expect(accept(3, 1)).toEqual([])
    expect(accept(3, 1)).toEqual([])
    expect(pulls(out)).toEqual([{ to: source, digests: digestsOf(2, 0, 1, 2, 3) }])
    for (const author of [0, 1, 2, 3]) expect(accept(2, author)).toEqual([])
    expect(synchronizer.suspendedCount).toBe(6)
    expect(synchronizer.pullCount).toBe(4)
    for (const author of [0, 1, 2]) accept(1, author)
    expect(accept(1, 3)).toEqual(['1/3', '2/0', '2/1', '2/2', '2/3', '3/0', '3/1'])
    expect([synchronizer.suspendedCount, synchronizer.pullCount]).toEqual([0, 0])
  })

  test('does not wait beyond the bound', () => {
    const { accept, synchronizer, out } = setUp({ suspendedMax: 2 })
    accept(3, 0)
    accept(3, 1)
    expect(accept(3, 2)).toEqual([])
    expect(synchronizer.suspendedCount).toBe(2)
    expect(synchronizer.pullCount).toBe(2)
    expect(counted(out)).toEqual([
      'parent_pull_overflow',
      'parent_pull_overflow',
      'suspended_overflow'
    ])
  })

  test('goes in when its parents are collected, and its children with it', () => {
    const { accept, dag, synchronizer } = setUp()
    accept(3, 0)
    for (const author of [0, 1, 2, 3]) accept(4, author)
    accept(2, 0)
    dag.collect(round(3))
    expect(slots(synchronizer.collect(round(3)))).toEqual(['4/0', '4/1', '4/2', '4/3'])
    expect([synchronizer.suspendedCount, synchronizer.pullCount]).toEqual([0, 0])
    expect(accept(5, 0)).toEqual(['5/0'])
  })

  test('is forgotten with its round, and so is what was asked for it alone', () => {
    const { accept, dag, synchronizer } = setUp()
    accept(3, 0)
    accept(6, 0)
    dag.collect(round(3))
    expect(synchronizer.collect(round(3))).toEqual([])
    expect(synchronizer.suspendedCount).toBe(1)
    expect(synchronizer.pullCount).toBe(4)
    expect(synchronizer.isSuspended(sketch.at(6, 0).digest)).toBe(true)
  })
})

describe('after a snapshot', () => {
  /** What a commit of the snapshot has ordered: marks, and no certificates. */
  const ordered = (dag: Dag, r: number, ...authors: readonly number[]) => {
    for (const author of authors) {
      const { header, digest: of } = sketch.at(r, author)
      dag.markCommitted({ round: header.round, author: header.author, digest: of })
    }
  }

  test('a certificate goes in above parents that are ordered', () => {
    const { accept, dag, out } = setUp()
    ordered(dag, 3, 0, 1, 2, 3)
    expect(accept(4, 0)).toEqual(['4/0'])
    expect(out).toEqual([])
  })

  test('only those that are not ordered are asked for', () => {
    const { accept, dag, out, synchronizer } = setUp()
    ordered(dag, 3, 0, 1, 2)
    expect(accept(4, 0)).toEqual([])
    expect(pulls(out)).toEqual([{ to: source, digests: digestsOf(3, 3) }])
    ordered(dag, 2, 0, 1, 2, 3)
    expect(accept(3, 3)).toEqual(['3/3', '4/0'])
    expect(synchronizer.pullCount).toBe(0)
  })

  test('an ordered slot does not stand for another vertex', () => {
    const { synchronizer, dag, out } = setUp()
    ordered(dag, 3, 0, 1, 2)
    const parents = [0, 1, 2].map(a => ({ author: replica(a), digest: sketch.at(3, a).digest }))
    parents[2] = { author: replica(2), digest: digest('invented') }
    const lying = certify(header({ round: round(4), author: replica(1), parents }), [0, 1, 2])
    expect(synchronizer.accept(lying, source, at(0), out)).toEqual([])
    expect(pulls(out)).toEqual([{ to: source, digests: [digest('invented')] }])
  })

  test('what waited for vertices that it has ordered goes in, parents first, and nobody is asked again', () => {
    const { accept, dag, synchronizer } = setUp()
    for (const author of [0, 1]) accept(5, author)
    for (const author of [0, 1, 2, 3]) accept(4, author)
    accept(6, 0)
    ordered(dag, 3, 0, 1, 2, 3)
    dag.collect(round(1))
    const completed = slots(synchronizer.collect(round(1)))
    expect(completed).toEqual(['4/0', '4/1', '4/2', '4/3', '5/0', '5/1'])
    // 6/0 still lacks two of round 5.
    expect([synchronizer.suspendedCount, synchronizer.pullCount]).toEqual([1, 2])
  })
})

describe('a pull that is not answered', () => {
  const peers = [peerAt(1), peerAt(2), peerAt(3)]

  test('goes to another peer after the time-out, in turn', () => {
    const { synchronizer, ask, out } = setUp({ syncRetryMs: 100 })
    ask(digestsOf(2, 0))
    synchronizer.retry(at(99), peers, out)
    expect(pulls(out)).toHaveLength(1)
    for (const now of [100, 200, 300]) synchronizer.retry(at(now), peers, out)
    const asked = pulls(out).map(pull => pull.to)
    expect(new Set(asked.slice(1))).toEqual(new Set(peers))
  })

  test('stays where it is while nobody is connected', () => {
    const { synchronizer, ask, out } = setUp({ syncRetryMs: 100 })
    ask(digestsOf(2, 0))
    synchronizer.retry(at(500), [], out)
    expect(pulls(out)).toHaveLength(1)
  })

  test('is stuck after so many', () => {
    const { accept, ask, synchronizer } = setUp({ syncRetryMs: 100 })
    ask([digest('invented')])
    expect(synchronizer.hasStuckPull(1)).toBe(false)
    accept(3, 0)
    expect([synchronizer.hasStuckPull(2), synchronizer.hasStuckPull(1)]).toEqual([false, true])
    synchronizer.retry(at(100), peers, [])
    expect(synchronizer.hasStuckPull(2)).toBe(true)
  })
})

test('a large pull is split, and one beyond the bound is cut', () => {
  const { synchronizer, ask, out } = setUp({ pullDigestsMax: 3, suspendedMax: 14 })
  const many = Array.from({ length: 9 }, (_, i) => digest(i))
  ask(many)
  synchronizer.retry(at(1_000), [source], out)
  expect(pulls(out).map(pull => pull.digests.length)).toEqual([3, 3, 1, 3, 3, 1])
  ask([digest('more')], 1)
  expect(synchronizer.pullCount).toBe(7)
  expect(only(out, 'count').map(({ name, by }) => [name, by])).toEqual([
    ['parent_pull_overflow', 2],
    ['parent_pull_overflow', 1]
  ])
})

describe('what a header names', () => {
  const invented = (name: string) => [1, 2, 3].map(n => digest(`${name} ${n}`))

  test('is looked for until another of its author comes, unless somebody else names it too', () => {
    const { ask, synchronizer } = setUp()
    for (let n = 0; n < 50; n++) ask(invented(`${n}`), 1, 4 + n)
    expect(synchronizer.pullCount).toBe(3)
    ask(invented('49'), 2)
    ask(invented('next'), 1)
    expect(synchronizer.pullCount).toBe(6)
    ask(invented('next'), 2)
    expect(synchronizer.pullCount).toBe(3)
  })

  test('leaves half of the room to certificates, and what one waits for stays', () => {
    const { accept, ask, synchronizer } = setUp({ suspendedMax: 8 })
    for (const author of [1, 2, 3]) ask(invented(`${author}`), author)
    expect(synchronizer.pullCount).toBe(4)
    accept(3, 0)
    expect(synchronizer.pullCount).toBe(8)
    ask(digestsOf(2, 0, 1), 0)
    ask([], 0)
    expect(synchronizer.pullCount).toBe(8)
  })

  test('is forgotten with its round, and not with a certificate that named it as well', () => {
    const { accept, ask, dag, synchronizer } = setUp()
    accept(3, 0)
    ask([...digestsOf(2, 0), ...invented('late')], 1, 9)
    dag.collect(round(3))
    synchronizer.collect(round(3))
    expect(synchronizer.pullCount).toBe(3)
    synchronizer.collect(round(9))
    expect(synchronizer.pullCount).toBe(0)
  })
})

test('a pull is answered with what is here, and not at all when nothing is', () => {
  const { parts, dag, out } = setUp()
  dag.insert(sketch.at(1, 0))
  answerPull(source, [digest('none')], parts, out)
  expect(out).toEqual([])
  answerPull(source, [digest('none'), ...digestsOf(1, 0)], parts, out)
  expect(only(out, 'send')[0]).toMatchObject({
    to: source,
    class: 'sync',
    message: { type: 'pulled', certificates: [sketch.at(1, 0)] }
  })
})

test('who certified a vertex holds it: its author first, never this node', () => {
  const certificate = certify(header({ author: replica(2) }), [0, 1, 2])
  expect(holdersOf(certificate, partsOf())).toEqual([peerAt(2), peerAt(1)])
})
