import type { PeerId } from '@novacron/base'
import { expect, test } from 'vitest'
import { PeerList } from '../src/peer-list.ts'

const peer = (name: string) => name as PeerId

test('is in order whatever comes and goes, and what was handed out stays as it was', () => {
  const list = new PeerList()
  for (const name of ['c', 'a', 'b', 'a']) list.set(peer(name), true)
  const before = list.sorted
  expect(before).toEqual(['a', 'b', 'c'])
  list.set(peer('b'), false)
  list.set(peer('b'), false)
  list.set(peer('z'), false)
  expect(list.sorted).toEqual(['a', 'c'])
  expect(before).toEqual(['a', 'b', 'c'])
})
