import { describe, expect, test } from 'vitest'
import { HeaderLinks } from '../../src/dag/header-links.ts'
import type { BatchReference } from '../../src/index.ts'
import { batch, committeeOf, replica, round, Sketch } from '../fixtures.ts'

const committee = committeeOf(1, 2, 3, 4)
const sketch = new Sketch(committee).full(1, 1)
/** Of round 2, by this author, with links to these. */
const header = (
  author: number,
  parents: readonly number[],
  payload: readonly BatchReference[] = []
) => ({
  round: round(2),
  author: replica(author),
  payload,
  parents: parents.map(parent => ({
    author: replica(parent),
    digest: sketch.at(1, parent).digest
  }))
})

describe('links of signed headers', () => {
  test('weigh as much as their authors, also where they come after the first question', () => {
    const links = new HeaderLinks(committee)
    expect(links.linkWeight(sketch.at(1, 0))).toBe(0)
    expect(links.offer(header(1, [0, 1, 2]))).toBe(true)
    expect(links.offer(header(3, [1, 2, 3]))).toBe(true)
    expect([0, 1, 3].map(author => links.linkWeight(sketch.at(1, author)))).toEqual([2, 6, 4])
    expect(links.offer(header(2, [0, 3]))).toBe(true)
    expect(links.linkWeight(sketch.at(1, 0))).toBe(5)
  })

  test('are those of the first header of each author and round', () => {
    const links = new HeaderLinks(committee)
    links.offer(header(1, [1, 2, 3]))
    expect(links.offer(header(1, [0, 1, 2]))).toBe(false)
    expect(links.linkWeight(sketch.at(1, 0))).toBe(0)
    expect(links.offer({ ...header(1, [0]), round: round(3) })).toBe(true)
    expect([links.has(round(2), replica(1)), links.has(round(2), replica(0))]).toEqual([
      true,
      false
    ])
  })

  test('come with the length of the payload that is named, of the first header', () => {
    const links = new HeaderLinks(committee)
    links.offer(header(1, [1], [batch('one'), { ...batch('two'), sizeBytes: 1_000 }]))
    links.offer(header(1, [1]))
    links.offer(header(2, [1]))
    const bytesOf = (author: number) => links.payloadBytes(round(2), replica(author))
    expect([0, 1, 2].map(bytesOf)).toEqual([0, 1_000 + batch('one').sizeBytes, 0])
  })

  test('to another digest in the same place count for nothing', () => {
    const links = new HeaderLinks(committee)
    const [other] = header(3, [1]).parents
    links.offer({ ...header(3, []), parents: [{ ...other!, author: replica(0) }] })
    expect(links.linkWeight(sketch.at(1, 0))).toBe(0)
  })

  test('of collected rounds are forgotten', () => {
    const links = new HeaderLinks(committee)
    links.offer(header(1, [0]))
    links.offer({ ...header(1, [0]), round: round(3) })
    links.collect(round(2))
    expect([links.size, links.has(round(2), replica(1))]).toEqual([1, false])
  })
})
