import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { tcpPlaceOf } from '../../src/direct/tcp-place.ts'

const peer = '12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq'

test.each([
  { address: '/ip4/127.0.0.1/tcp/4610', host: '127.0.0.1', port: 4610 },
  { address: `/ip6/::1/tcp/1/p2p/${peer}`, host: '::1', port: 1 },
  { address: '/dns4/node.example/tcp/65535', host: 'node.example', port: 65_535 }
])('$address leads to $host', ({ address, host, port }) => {
  expect(tcpPlaceOf(multiaddr(address))).toEqual({ host, port })
})

test.each([
  '/ip4/127.0.0.1/udp/4610/quic-v1',
  '/ip4/127.0.0.1/tcp/4610/ws',
  `/ip4/127.0.0.1/tcp/4610/p2p/${peer}/p2p-circuit`,
  '/unix/%2Ftmp%2Fsocket'
])('%s is no place for a direct socket', address => {
  expect(() => tcpPlaceOf(multiaddr(address))).toThrow('no TCP address')
})
