import type { PeerId } from '@novacron/base'
import { expect, test } from 'vitest'
import { statusOf } from '../src/peer-status.ts'

test.each([
  { isRefused: true, isConnecting: true, state: 'refused' },
  { isRefused: false, isConnecting: true, state: 'connecting' },
  { isRefused: false, isConnecting: false, state: 'disconnected' }
])('without a connection a peer is $state', ({ isRefused, isConnecting, state }) => {
  const facts = { isMember: true, isConnecting, isRefused, addresses: ['/a'], penaltyPoints: 3 }
  expect(statusOf('peer-a' as PeerId, undefined, 0, facts)).toMatchObject({
    state,
    member: true,
    addresses: ['/a'],
    penaltyPoints: 3,
    sentBytes: 0
  })
})
