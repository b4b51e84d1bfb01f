import { toHex } from '@novacron/base'
import {
  checkBullsharkOptions,
  defaultTurboOptions,
  tier1Bullshark,
  tier2Bullshark,
  tier3Bullshark
} from '@novacron/consensus'
import { checkMeshOptions, defaultMeshOptions } from '@novacron/transport'
import { describe, expect, test } from 'vitest'
import { classesFor } from '../../src/assembly/mesh.ts'
import {
  bullsharkOptions,
  chainFactsOf,
  makeReplica,
  replicaSettings
} from '../../src/assembly/replica-settings.ts'
import { batchFrameBytes, ingestFrameBytes } from '../../src/assembly/sizes.ts'
import { chainDigest } from '../../src/config/chain-digest.ts'
import { defaultClusterOptions, orderingOptions } from '../../src/config/cluster-options.ts'
import { sha256 } from '../../src/config/ed25519.ts'
import { defaultNodeOptions } from '../../src/config/node-options.ts'
import { checkIngestOptions, defaultIngestOptions } from '../../src/ingest/options.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import { fixedKeys, genesisOf } from '../config/node-parts.ts'

const options = { ...defaultNodeOptions, name: 'a' }
const MiB = 1024 * 1024
/** What a genesis may allow. */
const largest = 4_000_000

describe('what follows from the genesis', () => {
  const genesis = genesisOf(['b', 'a', 'c', 'd'], { weights: { b: 3 } })

  test('is the committee in the order of names, with keys and weights', () => {
    const { committee, domain, members, names } = chainFactsOf(genesis)
    const [a, b] = ['a', 'b'].map(name => fixedKeys(name))
    expect(domain).toEqual({ protocolVersion: 1, chain: chainDigest(genesis), epoch: 0 })
    expect(committee.totalWeight).toBe(6)
    expect(committee.replicaOf(b?.peerId as never)).toBe(1)
    expect(toHex(committee.members[0]?.publicKey as Uint8Array)).toBe(
      toHex(a?.consensus.publicKey as Uint8Array)
    )
    expect(members.map(({ name, weight }) => [name, weight])).toEqual([
      ['a', 1],
      ['b', 3],
      ['c', 1],
      ['d', 1]
    ])
    expect(names.get(b?.peerId as never)).toBe('b')
  })

  test('makes a replica with an orderer that can be looked at', () => {
    const facts = chainFactsOf(genesis)
    const { replica, dag } = makeReplica(genesis, options, facts, {
      self: undefined,
      hash: sha256,
      sign: () => new Uint8Array(64),
      batches: new MemoryStore().batches,
      wasSignedLogPresent: true,
      hashSeed: [1, 2]
    })
    expect(replica.orderer).toBe(dag)
    expect(replica.status()).toMatchObject({ state: 'restoring', executedIndex: 0 })
  })

  test('makes a single leader for a genesis that asks for one, with nothing to show of a DAG', () => {
    const asked = genesisOf(['a', 'b'], { cluster: { protocol: 'single-leader' } })
    const { replica, dag, orderCodec } = makeReplica(asked, options, chainFactsOf(asked), {
      self: undefined,
      hash: sha256,
      sign: () => new Uint8Array(64),
      batches: new MemoryStore().batches,
      wasSignedLogPresent: true,
      hashSeed: [1, 2]
    })
    expect(replica.orderer.status().protocol).toBe('single-leader')
    expect([dag.dag.highestRound, dag.lastAnchorRound, dag.anchorsOf(1 as never)]).toEqual([
      0,
      0,
      []
    ])
    const forward = { type: 'forward', batches: [] }
    expect(orderCodec.decode(orderCodec.encode(forward))).toEqual(forward)
  })
})

describe('options', () => {
  test('of the cluster go where all must agree, those of the node where it decides', () => {
    const cluster = {
      protocol: 'bullshark' as const,
      checkpointIntervalCommits: 7,
      batchBytesMax: 2_000,
      transactionBytesMax: 1_024,
      stateBytesMax: 3 * MiB,
      sessionsMax: 11,
      gcDepthRounds: 13,
      schedulePeriodCommits: 17,
      scheduleWindowCommits: 19
    }
    const genesis = genesisOf(['a'], { cluster })
    const retention = { commits: 23, bytes: 29 * MiB }
    expect(replicaSettings(genesis, { ...options, retention })).toMatchObject({
      replica: { checkpointIntervalCommits: 7, retentionCommits: 23, retentionBytes: 29 * MiB },
      mempool: { batchBytesMax: 2_000, pendingBytesMax: options.limits.pendingBytes },
      execution: {
        transactionBytesMax: 1_024,
        stateBytesMax: 3 * MiB,
        sessionsMax: 11,
        sessionIdleCommitsMin: 1_000
      }
    })
    expect(bullsharkOptions(genesis, options)).toEqual({
      ...tier1Bullshark,
      gcDepthRounds: 13,
      schedulePeriodCommits: 17,
      scheduleWindowCommits: 19
    })
  })

  const switches = { pipelined: true, fastCommit: false, anchorsPerRound: 3, reputation: true }

  test.each([
    { name: 'with its switches', more: {}, turbo: switches, period: 2 },
    {
      name: 'with a period of its own',
      more: { schedulePeriodCommits: 9 },
      turbo: switches,
      period: 9
    },
    {
      name: 'without reputation',
      more: { reputation: false },
      turbo: { ...switches, reputation: false },
      period: 0
    }
  ])('of turbo $name', ({ more, turbo, period }) => {
    const cluster = { protocol: 'bullshark-turbo' as const, ...switches, ...more }
    const made = bullsharkOptions(genesisOf(['a'], { cluster }), options)
    const executionLagCommitsMax = 800
    const own = {
      executionLagCommitsMax,
      schedulePeriodCommits: period,
      scheduleWindowCommits: 30,
      turbo
    }
    expect(made).toEqual({ ...tier1Bullshark, ...own })
    checkBullsharkOptions(made)
  })

  test.each([
    { protocol: 'bullshark', members: 4, more: {}, window: 300 },
    { protocol: 'bullshark-turbo', members: 4, more: {}, window: 120 },
    { protocol: 'bullshark-turbo', members: 10, more: {}, window: 300 },
    { protocol: 'bullshark-turbo', members: 20, more: {}, window: 480 },
    { protocol: 'bullshark-turbo', members: 4, more: { pipelined: false }, window: 60 },
    { protocol: 'bullshark-turbo', members: 4, more: { scheduleWindowCommits: 77 }, window: 77 }
  ] as const)(
    'scores of $members members under $protocol look back on $window commits with $more',
    ({ protocol, members, more, window }) => {
      const cluster = { ...defaultClusterOptions, protocol, ...more }
      expect(orderingOptions(cluster, members).scheduleWindowCommits).toBe(window)
    }
  )

  test.each([
    ['bullshark', ['a', 'b', 'c', 'd'], 1],
    ['bullshark-turbo', ['a', 'b', 'c', 'd'], 8],
    ['bullshark-turbo', ['a', 'b'], 4],
    ['single-leader', ['a', 'b', 'c', 'd'], 1]
  ] as const)(
    'that are counted in commits last as many rounds in a chain of %s with %o',
    (protocol, names, factor) => {
      const genesis = genesisOf(names, { cluster: { protocol } })
      expect(chainFactsOf(genesis).commitFactor).toBe(factor)
      expect(bullsharkOptions(genesis, options).executionLagCommitsMax).toBe(400 * factor)
      expect(replicaSettings(genesis, options)).toMatchObject({
        mempool: { unorderedCommitsMax: 2_000 * factor },
        execution: { sessionIdleCommitsMin: 1_000 * factor }
      })
    }
  )

  test('of a chain that says nothing are those of turbo', () => {
    const { turbo } = bullsharkOptions(genesisOf(['a', 'b', 'c', 'd']), options)
    expect(turbo).toEqual(defaultTurboOptions)
  })

  test.each([
    ['rack', tier1Bullshark, 250],
    ['region', tier2Bullshark, 600],
    ['wan', tier3Bullshark, 2_000]
  ] as const)(
    'of a network that is a %s are its timings, while the chain keeps its rounds',
    (tier, timings, pullRetryMs) => {
      const cluster = { protocol: 'bullshark' as const, gcDepthRounds: 13 }
      const genesis = genesisOf(['a'], { cluster })
      const network = { ...defaultNodeOptions.network, tier }
      expect(bullsharkOptions(genesis, { ...options, network })).toEqual({
        ...timings,
        gcDepthRounds: 13
      })
      expect(replicaSettings(genesis, { ...options, network }).mempool).toMatchObject({
        pullRetryMs
      })
    }
  )

  test('leave room for the largest transaction everywhere, whatever the node asks for', () => {
    const cluster = { transactionBytesMax: largest, batchBytesMax: largest }
    const genesis = genesisOf(['a'], { cluster })
    const limits = { ...options.limits, pendingBytes: MiB }
    const { mempool, execution } = replicaSettings(genesis, { ...options, limits })
    expect(mempool?.pendingBytesMax).toBeGreaterThan(largest)
    expect(execution?.bucketBytesMax).toBeGreaterThan(largest)
    const frameBytesMax = ingestFrameBytes(genesis.cluster)
    const payloadBytesMax = genesis.cluster.transactionBytesMax
    checkIngestOptions({ ...defaultIngestOptions, payloadBytesMax, frameBytesMax })
    const batchBytes = batchFrameBytes(genesis.cluster)
    for (const bytes of [batchBytes, 3 * batchBytes]) {
      const classes = classesFor(bytes)
      expect(classes.classes.bulk.frameBytesMax).toBeGreaterThanOrEqual(bytes)
      checkMeshOptions({ ...defaultMeshOptions, chain: chainDigest(genesis), ...classes })
    }
    expect(batchBytes).toBeGreaterThan(frameBytesMax)
  })

  test('are the defaults where these suffice', () => {
    expect(ingestFrameBytes(defaultClusterOptions)).toBe(defaultIngestOptions.frameBytesMax)
    const { classes, observerClasses } = defaultMeshOptions
    expect(classesFor(batchFrameBytes(defaultClusterOptions))).toEqual({ classes, observerClasses })
  })
})
