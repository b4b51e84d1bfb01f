import type { PeerId } from '@novacron/base'
import { expect, test } from 'vitest'
import type { Link } from '../../src/link/link.ts'
import { LinkTable } from '../../src/link/link-table.ts'

const [small, large] = ['peer-a', 'peer-b'] as [PeerId, PeerId]

function link(
  id: string,
  peer: PeerId,
  incarnation: string,
  { isQuiet = false, direction = 'inbound' } = {}
): Link {
  const connection = { id, direction }
  return {
    connection,
    peer,
    peerIncarnation: incarnation,
    isQuiet: () => isQuiet
  } as unknown as Link
}

test.each([
  { name: 'the first connection is used', current: undefined, incarnation: 'x', chosen: 'use' },
  {
    name: 'a second of the same process is not',
    current: { isQuiet: false },
    incarnation: 'x',
    chosen: 'refuse'
  },
  {
    name: 'one of a restarted peer is',
    current: { isQuiet: false },
    incarnation: 'y',
    chosen: 'use'
  },
  {
    name: 'one that replaces a quiet connection is',
    current: { isQuiet: true },
    incarnation: 'x',
    chosen: 'use'
  }
])('at the deciding side: $name', ({ current, incarnation, chosen }) => {
  const table = new LinkTable(small)
  if (current !== undefined) table.use(link('1', large, 'x', current))
  expect(table.choose(link('2', large, incarnation), 0)).toBe(chosen)
})

test('the other side follows', () => {
  const table = new LinkTable(large)
  expect([table.decides(small), new LinkTable(small).decides(large)]).toEqual([false, true])
  table.use(link('1', small, 'x'))
  expect(table.choose(link('2', small, 'x'), 0)).toBe('use')
})

test('connections are found by connection and by peer until they are removed', () => {
  const table = new LinkTable(small)
  const [first, second] = [link('1', large, 'x'), link('2', large, 'x', { direction: 'outbound' })]
  table.add(first)
  table.add(second)
  table.use(second)
  expect(table.of(first.connection)).toBe(first)
  expect([...table.links]).toEqual([first, second])
  expect(table.observers(new Set())).toBe(1)
  expect(table.observers(new Set([large]))).toBe(0)
  expect(table.remove(first)).toBe(false)
  expect([table.hasAny(large), table.active(large)]).toEqual([true, second])
  expect(table.remove(second)).toBe(true)
  expect([table.hasAny(large), table.active(large)]).toEqual([false, undefined])
})
