import { AssertionError } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { Dag } from '../../src/index.ts'
import {
  batch,
  certify,
  committeeOf,
  digest,
  four,
  header,
  replica,
  round,
  Sketch,
  slots
} from '../fixtures.ts'

/** A place, and what stands there as far as a mark is concerned. */
const vertexAt = (r: number, author: number) => ({
  round: round(r),
  author: replica(author),
  digest: digest(`${r}/${author}`)
})

const withPayload = () => new Sketch(four, (r, a) => ({ payload: [batch(`${r}/${a}`)] }))

describe('what went in', () => {
  const sketch = new Sketch().full(1, 3, [2, 0, 1])
  const dag = sketch.dag()

  test('is found by slot, digest and round, ascending by author', () => {
    expect(dag.at(round(2), replica(1))).toBe(sketch.at(2, 1))
    expect(dag.get(sketch.at(3, 0).digest)).toBe(sketch.at(3, 0))
    expect(slots(dag.round(round(2)))).toEqual(['2/0', '2/1', '2/2'])
    expect(dag.rounds()).toEqual([1, 2, 3])
    expect(dag.size).toBe(9)
  })

  test('and what did not is not there', () => {
    expect(dag.at(round(2), replica(3))).toBeUndefined()
    expect(dag.at(round(9), replica(0))).toBeUndefined()
    expect(dag.get(digest('none'))).toBeUndefined()
    expect(dag.round(round(9))).toEqual([])
    expect(dag.weightAt(round(9))).toBe(0)
    expect(dag.isCommitted(round(2), replica(0))).toBe(false)
  })

  test('counts once, however often it comes', () => {
    const again = new Dag(four)
    again.insert(sketch.at(1, 0))
    again.insert(certify(sketch.at(1, 0).header, [1, 2, 3]))
    expect(again.size).toBe(1)
    expect(again.weightAt(round(1))).toBe(1)
    expect(again.at(round(1), replica(0))).toBe(sketch.at(1, 0))
  })

  test('two certificates of one slot mean that more lie than may: the node stops', () => {
    const again = sketch.dag()
    const twin = certify(header({ payload: [batch('twin')] }), [0, 1, 2])
    expect(() => again.insert(twin)).toThrow(AssertionError)
  })
})

test('a round has a quorum by weight, not by heads', () => {
  const heavy = committeeOf(4, 1, 1, 1)
  const dag = new Sketch(heavy).full(1, 1, [1, 2, 3]).dag()
  expect([dag.weightAt(round(1)), dag.highestQuorumRound, dag.highestRound]).toEqual([3, 0, 1])
  dag.insert(certify(header(), [0]))
  expect([dag.weightAt(round(1)), dag.highestQuorumRound]).toEqual([7, 1])
})

describe('garbage collection', () => {
  test('forgets every round up to the floor and gives back what goes', () => {
    const sketch = withPayload().full(1, 4)
    const dag = sketch.dag()
    dag.markCommitted(vertexAt(1, 0))
    dag.markCommitted(vertexAt(3, 0))
    expect(slots(dag.collect(round(2)))).toEqual(
      [1, 2].flatMap(r => [0, 1, 2, 3].map(a => `${r}/${a}`))
    )
    expect(dag.gcRound).toBe(2)
    expect(dag.rounds()).toEqual([3, 4])
    expect(dag.get(sketch.at(2, 0).digest)).toBeUndefined()
    expect(dag.isCommitted(round(1), replica(0))).toBe(false)
    expect(dag.isCommitted(round(3), replica(0))).toBe(true)
    expect(dag.uncommittedPayloadCount).toBe(7)
  })

  test('never goes back', () => {
    const dag = withPayload().full(1, 4).dag()
    dag.collect(round(3))
    expect(dag.collect(round(3))).toEqual([])
    expect(dag.collect(round(1))).toEqual([])
    expect([dag.gcRound, dag.size, dag.highestRound]).toEqual([3, 4, 4])
  })
})

test('a mark may come before its vertex, and counts once', () => {
  const sketch = withPayload().full(1, 1)
  const dag = new Dag(four)
  dag.markCommitted(vertexAt(1, 0))
  dag.markCommitted(vertexAt(1, 0))
  for (const certificate of sketch.all) dag.insert(certificate)
  expect(dag.uncommittedPayloadCount).toBe(3)
})

describe('a parent is present', () => {
  const sketch = new Sketch().full(1, 2)
  const dag = sketch.dag(1)

  test('when its vertex is here', () => {
    const { digest: here } = sketch.at(1, 1)
    expect(dag.isPresent(round(1), { author: replica(1), digest: here })).toBe(true)
    expect(dag.isPresent(round(2), { ...vertexAt(2, 1) })).toBe(false)
  })

  test('when a commit has ordered it, and not when the commit has ordered another in its slot', () => {
    dag.markCommitted(vertexAt(2, 1))
    expect(dag.isPresent(round(2), vertexAt(2, 1))).toBe(true)
    expect(dag.isPresent(round(2), { ...vertexAt(2, 1), digest: digest('other') })).toBe(false)
    expect(dag.isPresent(round(2), { ...vertexAt(2, 1), author: replica(2) })).toBe(false)
    expect(dag.isPresent(round(3), vertexAt(2, 1))).toBe(false)
  })

  test('when its round is collected', () => {
    dag.collect(round(2))
    expect(dag.isPresent(round(2), vertexAt(2, 3))).toBe(true)
    expect(dag.isPresent(round(3), vertexAt(3, 3))).toBe(false)
  })
})

test('payload is unordered until a commit orders its vertex or its round is collected', () => {
  const dag = withPayload().full(1, 2).dag()
  const unordered = () => new Set(dag.unorderedPayload())
  expect(unordered().size).toBe(8)
  const { round: r, author } = vertexAt(2, 1)
  dag.markCommitted({ round: r, author, digest: digest('2/1') })
  expect(unordered()).not.toContain(batch('2/1').digest)
  expect(unordered().size).toBe(7)
  dag.collect(round(1))
  expect([...unordered()].sort()).toEqual([0, 2, 3].map(a => batch(`2/${a}`).digest).sort())
})
