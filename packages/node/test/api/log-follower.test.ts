import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LogFollower } from '../../src/api/log-follower.ts'
import type { LogPage } from '../../src/api/node-control.ts'
import { FakeNode } from './fake-node.ts'

const decoder = new TextDecoder()
const textsOf = (page: LogPage) => page.entries.map(({ payload }) => decoder.decode(payload))

function follow(node: FakeNode, from: number, commitsBehindMax = 200) {
  const texts: string[] = []
  const faults: unknown[] = []
  let slow = 0
  let deliver = async (_page: LogPage): Promise<void> => {}
  const follower = new LogFollower(
    { from: { index: from, ordinal: 0 }, commitsBehindMax },
    {
      node,
      deliver: page => {
        texts.push(...textsOf(page))
        return deliver(page)
      },
      onSlow: () => {
        slow += 1
      },
      onFault: error => faults.push(error)
    }
  )
  const ran = follower.run()
  return {
    follower,
    texts,
    faults,
    ran,
    slow: () => slow,
    onDeliver: (next: typeof deliver) => {
      deliver = next
    }
  }
}

test('replays from an index, goes live without gap or duplicate, and stops', async () => {
  const node = new FakeNode()
  node.commitText('a', 'b')
  node.commitText('c')
  const { texts, follower, ran } = follow(node, 2)
  await expect.poll(() => texts).toEqual(['c'])
  node.commitText('d')
  node.commitText('e', 'f')
  await expect.poll(() => texts).toEqual(['c', 'd', 'e', 'f'])
  follower.stop()
  await ran
  expect(node.listenerCount('log.committed')).toBe(0)
  node.commitText('g')
  expect(texts).toHaveLength(4)
})

test('commits that come while a page is being read or delivered are neither lost nor repeated', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(3), { maxLength: 20 }),
      fc.array(fc.record({ turns: fc.nat(3), size: fc.nat(3) }), { maxLength: 20 }),
      async (before, after) => {
        const node = new FakeNode()
        let made = 0
        const commit = (size: number) =>
          node.commitText(...Array.from({ length: size }, () => `${made++}`))
        for (const size of before) commit(size)
        const { texts, follower, ran, onDeliver } = follow(node, 1)
        onDeliver(() => Promise.resolve())
        for (const { turns, size } of after) {
          for (let i = 0; i < turns; i++) await Promise.resolve()
          commit(size)
        }
        for (let i = 0; i < 200 && texts.length < made; i++) await Promise.resolve()
        follower.stop()
        await ran
        expect(texts).toEqual(Array.from({ length: made }, (_, i) => `${i}`))
      }
    ),
    { numRuns: 100 }
  )
})

test('a start above the head waits for it', async () => {
  const node = new FakeNode()
  node.commitText('a')
  const { texts, follower } = follow(node, 3)
  node.commitText('b')
  await Promise.resolve()
  node.commitText('c')
  await expect.poll(() => texts).toEqual(['c'])
  follower.stop()
})

test('an idle follower does not read again and again', async () => {
  const node = new FakeNode()
  node.commitText('a')
  const { texts, follower } = follow(node, 1)
  await expect.poll(() => texts).toEqual(['a'])
  await new Promise(resolve => setImmediate(resolve))
  const reads = node.logReads
  await new Promise(resolve => setImmediate(resolve))
  expect(node.logReads).toBe(reads)
  follower.stop()
})

test('a reader that blocks while live is slow beyond the limit, and not at it', async () => {
  const node = new FakeNode()
  const { follower, slow, texts, onDeliver } = follow(node, 1, 3)
  await expect.poll(() => node.logReads).toBe(1)
  await new Promise(resolve => setImmediate(resolve))
  const go = Promise.withResolvers<void>()
  onDeliver(() => go.promise)
  node.commitText('1')
  await expect.poll(() => texts).toEqual(['1'])
  for (let i = 0; i < 4; i++) node.commitText('x')
  expect(slow()).toBe(0)
  node.commitText('x')
  expect(slow()).toBe(1)
  go.resolve()
  follower.stop()
})

test('a reader that blocks during the replay is not slow', async () => {
  const node = new FakeNode()
  node.commitText('a')
  const { follower, slow, onDeliver, texts } = follow(node, 1, 1)
  onDeliver(() => new Promise(() => {}))
  await expect.poll(() => texts).toEqual(['a'])
  for (let i = 0; i < 10; i++) node.commitText('x')
  expect(slow()).toBe(0)
  follower.stop()
})

test('a log that was pruned under the reader ends the follower with the fault', async () => {
  const node = new FakeNode()
  const { texts, faults, ran } = follow(node, 1)
  node.commitText('a')
  await expect.poll(() => texts).toEqual(['a'])
  node.lowest = 9
  node.commitText('b')
  await ran
  expect(faults).toMatchObject([{ facts: { code: 'pruned', lowest: 9 } }])
  expect(node.listenerCount('log.committed')).toBe(0)
})
