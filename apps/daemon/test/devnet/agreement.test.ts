import { Fault } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { awaitStragglers, type ChainSource, compareChains } from '../../src/devnet/agreement.ts'

interface FakeChain {
  readonly length: number
  readonly lowest?: number
  /** Another digest from this index on. */
  readonly forkAt?: number
  /** Answers at most so many commits. */
  readonly pageMax?: number
  readonly fails?: 'head' | 'commits'
}

function source(node: string, chain: FakeChain): ChainSource & { asked: number } {
  const { length, lowest = 1, forkAt = Number.POSITIVE_INFINITY, pageMax = 5_000, fails } = chain
  const nameOf = (index: number) => ({ index, digest: `${index >= forkAt ? 'x' : 'd'}${index}` })
  const made = {
    node,
    asked: 0,
    head: async () => {
      if (fails === 'head') throw new Error('gone')
      return nameOf(length)
    },
    commits: async (from: number, limit: number) => {
      made.asked += 1
      if (fails === 'commits') throw new Error('broken')
      if (from < lowest) throw new Fault({ code: 'pruned', lowest })
      const count = Math.min(limit, pageMax, length - from + 1)
      const commits = Array.from({ length: count }, (_, i) => nameOf(from + i))
      return { commits, next: from + count, lowest }
    }
  }
  return made
}

function compare(...chains: readonly FakeChain[]) {
  return compareChains(chains.map((chain, i) => source(`node-${i + 1}`, chain)))
}

describe('nodes agree', () => {
  test('on the whole of what all of them have', async () => {
    const agreed = await compare({ length: 9 }, { length: 7 }, { length: 8 })
    expect(agreed).toEqual({
      agreement: true,
      compared: 7,
      isEmpty: false,
      heads: [
        { node: 'node-1', index: 9, digest: 'd9' },
        { node: 'node-2', index: 7, digest: 'd7' },
        { node: 'node-3', index: 8, digest: 'd8' }
      ],
      reasons: []
    })
  })

  test('page by page, also when nodes give shorter pages', async () => {
    const agreed = await compare({ length: 4_500 }, { length: 4_100, pageMax: 700 })
    expect(agreed).toMatchObject({ agreement: true, compared: 4_100 })
  })

  test('from where the one that has pruned most begins', async () => {
    const agreed = await compare(
      { length: 30 },
      { length: 30, lowest: 11 },
      { length: 30, lowest: 21 }
    )
    expect(agreed).toMatchObject({ agreement: true, compared: 10 })
  })

  test('a difference behind the common prefix is none', async () => {
    expect(await compare({ length: 5 }, { length: 9, forkAt: 6 })).toMatchObject({
      agreement: true
    })
  })
})

describe('there is no agreement', () => {
  test('when one digest differs, in the first page or a later one', async () => {
    for (const forkAt of [1, 3, 2_500]) {
      const agreed = await compare({ length: 3_000 }, { length: 3_000 }, { length: 3_000, forkAt })
      expect(agreed).toMatchObject({
        agreement: false,
        isEmpty: false,
        compared: forkAt - 1
      })
      expect(agreed.reasons[0]).toBe(
        `commit ${forkAt} is d${forkAt} on node-1 and x${forkAt} on node-3`
      )
    }
  })

  test('when a node does not answer, although the others agree', async () => {
    const agreed = await compare({ length: 5 }, { length: 5, fails: 'head' })
    expect(agreed).toMatchObject({ agreement: false, compared: 5 })
    expect(agreed.reasons).toEqual(['node-2 does not answer: gone'])
    expect(agreed.heads).toHaveLength(1)
  })

  test('when a chain cannot be read', async () => {
    const agreed = await compare({ length: 5 }, { length: 5, fails: 'commits' })
    expect(agreed.reasons).toEqual([
      'a chain could not be read to its end: broken',
      'there was nothing to compare'
    ])
  })

  test('when a node has a head and not the commits below it', async () => {
    const agreed = await compare({ length: 5 }, { length: 5, pageMax: 0 })
    expect(agreed.reasons[0]).toBe('commit 1 cannot be read from every node')
  })

  test('when one has less than another still holds', async () => {
    const agreed = await compare({ length: 9 }, { length: 30, lowest: 21 })
    expect(agreed).toMatchObject({ agreement: false, isEmpty: false, compared: 0 })
    expect(agreed.reasons[0]).toBe('node-1 has come to commit 9, and another holds none before 21')
  })

  test('when nothing was committed, or no node is there', async () => {
    expect(await compare({ length: 0 }, { length: 4 })).toMatchObject({
      agreement: false,
      isEmpty: true
    })
    expect(await compare({ length: 1, fails: 'head' })).toMatchObject({
      agreement: false,
      isEmpty: false,
      heads: []
    })
  })
})

test('stragglers are waited for until they are where the foremost was, and no longer than allowed', async () => {
  let looks = 0
  const foremost = source('node-1', { length: 30 })
  const silent = source('node-3', { length: 1, fails: 'head' })
  const straggler = {
    ...source('node-2', { length: 30 }),
    head: async () => ({ index: 28 + looks++, digest: 'd' })
  }
  await awaitStragglers([foremost, straggler, silent], 60_000)
  expect(looks).toBe(3)
  await awaitStragglers([foremost, source('node-2', { length: 3 })], 0)
  await awaitStragglers([silent], 60_000)
})
