import { Fault } from '@novacron/base'
import type { ControlClient, JsonLogEntry } from '@novacron/node'
import { expect, test } from 'vitest'
import { readNodeLog } from '../../src/chaos/node-log.ts'

const sessions = new Set(['aa'])

function entry(index: number, sequence: number, change: Partial<JsonLogEntry> = {}): JsonLogEntry {
  const rest = { ordinal: 0, digest: '', application: 'log', payload: '' }
  return { index, sequence, session: 'aa', applied: true, ...rest, ...change }
}

/** A node with one commit a page; what lies below `lowest` of a commit is told as pruned. */
function clientOf(entries: readonly JsonLogEntry[], pruned: ReadonlyMap<number, number>) {
  const head = Math.max(...entries.map(({ index }) => index))
  const call = async (_method: string, { from }: { from: number }) => {
    const lowest = pruned.get(from)
    if (lowest !== undefined) throw new Fault({ code: 'pruned', lowest })
    if (from > head) return { entries: [], next: { index: head + 1, ordinal: 0 }, lowest: 1 }
    const found = entries.filter(({ index }) => index === from)
    return { entries: found, next: { index: from + 1, ordinal: 0 }, lowest: 1 }
  }
  return { call } as unknown as Pick<ControlClient, 'call'>
}

const log = [
  entry(3, 1),
  entry(4, 2),
  entry(5, 2, { applied: false }),
  entry(6, 3, { session: 'bb' }),
  entry(7, 3)
]

test('what took effect is read to the end, of the sessions in question alone', async () => {
  const found = await readNodeLog('a', clientOf(log, new Map()), 3, sessions)
  expect(found).toMatchObject({ node: 'a', lowest: 3, doubled: [], holes: [] })
  expect([...found.applied]).toEqual([['aa', [undefined, 3, 4, 7]]])
})

test('what took effect twice is told', async () => {
  const client = clientOf([...log, entry(8, 2)], new Map())
  const { doubled } = await readNodeLog('a', client, 3, sessions)
  expect(doubled).toEqual(['transaction aa/2'])
})

test('a log that begins later, and one with a hole, are read on from where they go on', async () => {
  const pruned = new Map([
    [3, 4],
    [5, 7]
  ])
  const found = await readNodeLog('a', clientOf(log, pruned), 3, sessions)
  expect(found.lowest).toBe(4)
  expect(found.holes).toEqual([{ first: 5, last: 6 }])
  expect(found.applied.get('aa')).toEqual([undefined, undefined, 4, 7])
})

test('a node that goes in circles, or does not answer, is an error', async () => {
  const stuck = clientOf(log, new Map([[5, 5]]))
  await expect(readNodeLog('a', stuck, 3, sessions)).rejects.toMatchObject({
    facts: { code: 'pruned' }
  })
  const dead = { call: () => Promise.reject(new Error('gone')) }
  await expect(readNodeLog('a', dead, 3, sessions)).rejects.toThrow('gone')
})
