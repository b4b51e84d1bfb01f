import { Fault, type PeerId } from '@novacron/base'
import { expect, test } from 'vitest'
import {
  checkMeshOptions,
  defaultMeshOptions,
  type MeshOptions,
  peerIdOfPublicKey,
  peerIdOfSeed,
  publicKeyOfPeerId
} from '../src/index.ts'
import { peerDiscovery } from '../src/libp2p-node.ts'
import { mdnsService, streamProtocol, topicName, topicOfName } from '../src/protocol.ts'
import { chain, options, seedOf } from './network.ts'

const { classes, heartbeat, reconnect, gossip, penalty, discovery } = defaultMeshOptions

test('the defaults are right, once they have a chain', () => {
  expect(() => checkMeshOptions({ ...defaultMeshOptions, chain })).not.toThrow()
})

test.each<{ option: string; change: Partial<MeshOptions> }>([
  { option: 'listen', change: { listen: [] } },
  { option: 'listen', change: { listen: ['127.0.0.1:80'] } },
  { option: 'announce', change: { announce: ['/nonsense/1'] } },
  {
    option: 'discovery.bootstrap',
    change: { discovery: { ...discovery, bootstrap: ['/ip4/1.2.3.4/tcp/1'] } }
  },
  { option: 'chain', change: { chain: 'c0ffee' } },
  { option: 'chain', change: { chain: 'C0FFEE'.repeat(5) } },
  { option: 'encryption', change: { encryption: [] } },
  { option: 'encryption', change: { encryption: ['tls', 'tls'] } },
  {
    option: 'classes.order.frameBytesMax',
    change: { classes: { ...classes, order: { ...classes.order, frameBytesMax: 63 } } }
  },
  {
    option: 'classes.sync.windowBytes',
    change: {
      classes: {
        ...classes,
        sync: { ...classes.sync, windowBytes: classes.sync.frameBytesMax - 1 }
      }
    }
  },
  {
    option: 'classes.bulk.windowBytes',
    change: { classes: { ...classes, bulk: { ...classes.bulk, windowBytes: 2 ** 30 + 1 } } }
  },
  {
    option: 'observerClasses.bulk.queueBytesMax',
    change: { observerClasses: { ...classes, bulk: { ...classes.bulk, queueBytesMax: 0 } } }
  },
  {
    option: 'heartbeat.timeoutMs',
    change: { heartbeat: { ...heartbeat, timeoutMs: heartbeat.intervalMs } }
  },
  { option: 'reconnect.backoffMaxMs', change: { reconnect: { ...reconnect, backoffMaxMs: 1 } } },
  { option: 'dialTimeoutMs', change: { dialTimeoutMs: Number.NaN } },
  { option: 'connectionsMax', change: { observersMax: 512 } },
  { option: 'gossip.hintBytesMax', change: { gossip: { ...gossip, hintBytesMax: 1.5 } } },
  { option: 'penalty.pointsMax', change: { penalty: { ...penalty, pointsMax: 0 } } }
])('a bad $option is named', ({ option, change }) => {
  let fault: unknown
  try {
    checkMeshOptions(options(change))
  } catch (error) {
    fault = error
  }
  expect(fault).toBeInstanceOf(Fault)
  expect((fault as Fault<{ code: string; option: string }>).facts).toMatchObject({
    code: 'mesh-option',
    option
  })
})

test('a window as large as the largest frame is enough', () => {
  const exact = { frameBytesMax: 64, windowBytes: 64, queueBytesMax: 64 }
  expect(() =>
    checkMeshOptions(options({ classes: { order: exact, sync: exact, bulk: exact } }))
  ).not.toThrow()
})

test('a peer id holds its public key, and comes from its seed', () => {
  const peer = peerIdOfSeed(seedOf(1))
  // RFC 8032 keys: the seed of 32 bytes 01.
  expect(Buffer.from(publicKeyOfPeerId(peer)).toString('hex')).toBe(
    '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c'
  )
  expect(peerIdOfPublicKey(publicKeyOfPeerId(peer))).toBe(peer)
  expect(peer).toMatch(/^12D3KooW/)
  expect(() => publicKeyOfPeerId('nonsense' as PeerId)).toThrow(RangeError)
  expect(() =>
    publicKeyOfPeerId('QmNPubsDWATVngE3d5WDSNe7eVrFLuk38qb9t6vdLnu2aK' as PeerId)
  ).toThrow(RangeError)
  expect(() => peerIdOfSeed(new Uint8Array(31))).toThrow('32 bytes')
  expect(() => peerIdOfPublicKey(new Uint8Array(33))).toThrow('32 bytes')
})

test('protocols, topics and services name the chain', () => {
  expect(streamProtocol(chain, 'bulk')).toBe('/novacron/1/c0ffee0000000000/bulk')
  expect(topicOfName(chain, topicName(chain, 'heads'))).toBe('heads')
  expect(topicOfName(chain, '/novacron/1/beef/gossip/heads')).toBeUndefined()
  expect(mdnsService(chain)).toContain('c0ffee0000000000')
})

test.each([
  { bootstrap: [], mdns: false, count: 0 },
  { bootstrap: [`/ip4/127.0.0.1/tcp/1/p2p/${peerIdOfSeed(seedOf(1))}`], mdns: true, count: 2 }
])('discovery with mdns $mdns uses $count modules', ({ bootstrap, mdns, count }) => {
  expect(peerDiscovery(options({ discovery: { bootstrap, mdns } }))).toHaveLength(count)
})
