import { windowBytesMax } from '@novacron/replica'
import { expect, test } from 'vitest'
import { chainDigest } from '../../src/config/chain-digest.ts'
import { type ClusterOptions, defaultClusterOptions } from '../../src/config/cluster-options.ts'
import {
  buildGenesis,
  type Genesis,
  membersMax,
  parseGenesis,
  parseNodePart,
  roleOf
} from '../../src/config/genesis.ts'
import { windowBytes } from '../../src/config/genesis-rules.ts'
import { proveMember } from '../../src/config/member-proof.ts'
import type { Result } from '../../src/config/result.ts'
import { fixedKeys, genesisOf, partOf, request } from './node-parts.ts'

function keysOfProblems(result: Result<unknown>): string[] {
  return result.type === 'ok' ? [] : result.problems.map(({ key }) => key)
}

type Changeable = Genesis & { members: Record<string, unknown>[] } & Record<string, unknown>

/** A valid genesis of three members after `change`. */
function changed(change: (genesis: Changeable) => void): Result<Genesis> {
  const genesis = structuredClone(genesisOf(['a', 'b', 'c'])) as unknown as Changeable
  change(genesis)
  return parseGenesis(genesis)
}

test('members are in the order of names, whatever order their parts come in', () => {
  const genesis = genesisOf(['node-2', 'node-10', 'node-1'])
  expect(genesis.members.map(({ name }) => name)).toEqual(['node-1', 'node-10', 'node-2'])
  expect(genesis.cluster).toEqual(defaultClusterOptions)
  expect(parseGenesis(JSON.parse(JSON.stringify(genesis)))).toEqual({ type: 'ok', value: genesis })
})

test('a node is a replica by its place, or an observer', () => {
  const genesis = genesisOf(['a', 'b'])
  expect(roleOf(genesis, fixedKeys('b').peerId)).toMatchObject({
    type: 'member',
    replica: 1,
    member: { name: 'b' }
  })
  expect(roleOf(genesis, fixedKeys('z').peerId)).toEqual({ type: 'observer' })
})

test('weights and cluster options are taken over', () => {
  const genesis = genesisOf(['a', 'b'], { weights: { b: 7 }, cluster: { sessionsMax: 10 } })
  expect(genesis.members.map(({ weight }) => weight)).toEqual([1, 7])
  expect(genesis.cluster).toEqual({ ...defaultClusterOptions, sessionsMax: 10 })
})

test('the chain digest is that of the meaning, not of the text', () => {
  const exact = {
    protocol: 'bullshark',
    checkpointIntervalCommits: 500,
    retentionCommitsMin: 500
  } as const
  const genesis = genesisOf(['a', 'b', 'c'], { cluster: exact })
  const digest = chainDigest(genesis)
  const reordered = Object.fromEntries(Object.entries(genesis).reverse())
  const parsed = parseGenesis(reordered)
  expect(parsed.type === 'ok' && chainDigest(parsed.value)).toBe(digest)
  expect(chainDigest(genesisOf(['c', 'a', 'b'], { cluster: exact }))).toBe(digest)
  // The switches of turbo mean nothing without it.
  const switched = { ...exact, fastCommit: false, anchorsPerRound: 9 }
  expect(chainDigest(genesisOf(['a', 'b', 'c'], { cluster: switched }))).toBe(digest)
  // Golden: a change of the encoding is a change of every chain's id.
  expect(digest).toBe('a74ba0c91e3954758bd9219bff408323aa9d00f9db54bfb04ae1f859abe29368')
})

test('every meaningful field changes the chain digest', () => {
  const digests = [
    genesisOf(['a', 'b', 'c'], { cluster: { protocol: 'bullshark' } }),
    genesisOf(['a', 'b']),
    genesisOf(['a', 'b', 'd']),
    genesisOf(['a', 'b', 'c'], { chainName: 'other' }),
    genesisOf(['a', 'b', 'c'], { createdAt: '2026-01-31T12:00:00.001Z' }),
    genesisOf(['a', 'b', 'c'], { weights: { a: 2 } }),
    genesisOf(['a', 'b', 'c'], { operators: { publicKeys: ['ab'.repeat(32)], threshold: 1 } }),
    ...Object.entries(defaultClusterOptions)
      .filter(([name]) => name !== 'protocol')
      .map(([name, value]) => {
        const other = typeof value === 'boolean' ? !value : Number(value) + 1
        const cluster = { protocol: 'bullshark-turbo', [name]: other } as const
        return genesisOf(['a', 'b', 'c'], { cluster })
      }),
    genesisOf(['a', 'b', 'c'], { cluster: { protocol: 'bullshark-turbo' } })
  ].map(chainDigest)
  expect(new Set(digests).size).toBe(digests.length)
})

test('addresses do not change the chain digest', () => {
  const genesis = genesisOf(['a'])
  const moved = changed(({ members }) => {
    ;(members[0] as Record<string, unknown>)['addresses'] = []
  })
  expect(moved.type === 'ok' && chainDigest(moved.value)).toBe(
    chainDigest(genesisOf(['a', 'b', 'c']))
  )
  expect(chainDigest(genesis)).not.toBe(chainDigest(genesisOf(['b'])))
})

test.each<{ name: string; change: (genesis: Changeable) => void; keys: string[] }>([
  {
    name: 'an unknown key',
    change: genesis => Object.assign(genesis, { colour: 1 }),
    keys: ['colour']
  },
  {
    name: 'an unknown cluster option',
    change: genesis => Object.assign(genesis.cluster, { sessionMax: 1 }),
    keys: ['cluster.sessionMax']
  },
  {
    name: 'another format',
    change: genesis => Object.assign(genesis, { format: 2 }),
    keys: ['format']
  },
  {
    name: 'a time that is not UTC',
    change: genesis => Object.assign(genesis, { createdAt: '2026-01-31' }),
    keys: ['createdAt']
  },
  { name: 'no members', change: genesis => genesis.members.splice(0), keys: ['members'] },
  {
    name: 'members out of order',
    change: genesis => genesis.members.reverse(),
    keys: ['members.1.name', 'members.2.name']
  },
  {
    name: 'a member twice',
    change: ({ members }) => members.splice(1, 0, structuredClone(members[0]!)),
    keys: ['members.1.name', 'members.1.peer', 'members.1.consensusKey', 'members.1.vrfKey']
  },
  {
    name: 'weight zero',
    change: ({ members }) => Object.assign(members[0]!, { weight: 0 }),
    keys: ['members.0.weight']
  },
  {
    name: 'a later epoch',
    change: ({ members }) => Object.assign(members[0]!, { fromEpoch: 1 }),
    keys: ['members.0.fromEpoch']
  },
  {
    name: 'a peer id of something else',
    change: ({ members }) =>
      Object.assign(members[0]!, { peer: 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N' }),
    keys: ['members.0.peer']
  },
  {
    name: 'the address of another peer',
    change: ({ members }) =>
      Object.assign(members[0]!, {
        addresses: [`/ip4/127.0.0.1/tcp/1/p2p/${fixedKeys('b').peerId}`]
      }),
    keys: ['members.0.addresses.0']
  },
  {
    name: 'a port that is not known yet',
    change: ({ members }) => Object.assign(members[0]!, { addresses: ['/ip4/127.0.0.1/tcp/0'] }),
    keys: ['members.0.addresses.0']
  },
  {
    name: 'an address twice',
    change: ({ members }) =>
      Object.assign(members[0]!, {
        addresses: ['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/1']
      }),
    keys: ['members.0.addresses']
  },
  {
    name: 'another name than the proofs were made for',
    change: ({ members }) => Object.assign(members[0]!, { name: 'a-thief' }),
    keys: ['members.0.proofs.peer', 'members.0.proofs.consensus', 'members.0.proofs.vrf']
  },
  {
    name: 'a threshold without operators',
    change: genesis => Object.assign(genesis.operators, { threshold: 1 }),
    keys: ['operators.threshold']
  },
  {
    name: 'a threshold above the operators',
    change: genesis =>
      Object.assign(genesis.operators, { publicKeys: ['ab'.repeat(32)], threshold: 2 }),
    keys: ['operators.threshold']
  },
  {
    name: 'threshold zero with operators',
    change: genesis =>
      Object.assign(genesis.operators, { publicKeys: ['ab'.repeat(32)], threshold: 0 }),
    keys: ['operators.threshold']
  },
  {
    name: "a member's key as an operator's",
    change: genesis =>
      Object.assign(genesis.operators, {
        publicKeys: [genesis.members[1]?.['consensusKey']],
        threshold: 1
      }),
    keys: ['operators.publicKeys.0']
  }
])('$name is refused at its key', ({ change, keys }) => {
  expect(keysOfProblems(changed(change))).toEqual(keys)
})

test('one key for two uses of a member is refused even when it proves both', () => {
  const keys = fixedKeys('a')
  const twice = { ...keys, vrf: keys.consensus }
  expect(keysOfProblems(buildGenesis([partOf('a', twice)], request))).toEqual(['members.0.vrfKey'])
})

test("a key of another member is refused even with that member's help", () => {
  const shared = { ...fixedKeys('b'), consensus: fixedKeys('a').consensus }
  expect(keysOfProblems(buildGenesis([partOf('a'), partOf('b', shared)], request))).toEqual([
    'members.1.consensusKey'
  ])
})

test('each proof is checked by its own key', () => {
  const proofs = proveMember('a', fixedKeys('a'))
  for (const use of ['peer', 'consensus', 'vrf'] as const) {
    const other = use === 'peer' ? 'vrf' : 'peer'
    const part = { ...partOf('a'), proofs: { ...proofs, [use]: proofs[other] } }
    expect(keysOfProblems(buildGenesis([part], request)), use).toEqual([`members.0.proofs.${use}`])
  }
})

test('an unknown option names the nearest one', () => {
  const result = changed(genesis => Object.assign(genesis.cluster, { sesionsMax: 1 }))
  expect(result).toMatchObject({
    problems: [{ key: 'cluster.sesionsMax', remedy: 'did you mean cluster.sessionsMax?' }]
  })
})

test('everything that is wrong is told at once', () => {
  const result = changed(genesis => {
    Object.assign(genesis, { format: 3, chainName: 'UPPER' })
    Object.assign(genesis.cluster, { gcDepthRounds: 3, batchBytesMax: 1.5 })
  })
  expect(keysOfProblems(result)).toEqual([
    'format',
    'chainName',
    'cluster.batchBytesMax',
    'cluster.gcDepthRounds'
  ])
})

test('the largest committee is taken and one more is refused', () => {
  const names = Array.from({ length: membersMax + 1 }, (_, i) => `n${i}`)
  const parts = names.map(name => partOf(name))
  expect(buildGenesis(parts.slice(1), request).type).toBe('ok')
  expect(keysOfProblems(buildGenesis(parts, request))).toEqual(['members'])
})

test('a node part has a form', () => {
  expect(parseNodePart(partOf('a'))).toEqual({ type: 'ok', value: partOf('a') })
  expect(keysOfProblems(parseNodePart({ ...partOf('a'), weight: 3 }))).toEqual(['weight'])
  expect(keysOfProblems(parseNodePart(null))).toEqual(['the whole'])
})

const exact = { protocol: 'bullshark' } as const
/** Two members, so two anchors in a round. */
const turbo = { protocol: 'bullshark-turbo', anchorsPerRound: 8 } as const

test.each<[Partial<ClusterOptions>, string[]]>([
  [{ ...exact, gcDepthRounds: 4_094 }, []],
  [{ ...exact, gcDepthRounds: 4_095 }, ['cluster.gcDepthRounds']],
  [{ ...exact, schedulePeriodCommits: 96, scheduleWindowCommits: 4_000 }, []],
  [
    { ...exact, schedulePeriodCommits: 97, scheduleWindowCommits: 4_000 },
    ['cluster.schedulePeriodCommits']
  ],
  [
    { ...exact, schedulePeriodCommits: 1, scheduleWindowCommits: 4_096 },
    ['cluster.schedulePeriodCommits']
  ],
  [{ ...turbo, gcDepthRounds: 2_046 }, []],
  [{ ...turbo, gcDepthRounds: 2_047 }, ['cluster.gcDepthRounds']],
  [{ ...turbo, scheduleWindowCommits: 4_094 }, []],
  [{ ...turbo, scheduleWindowCommits: 4_095 }, ['cluster.schedulePeriodCommits']],
  [{ ...turbo, scheduleWindowCommits: 4_095, reputation: false }, []],
  // Without a period nothing looks back.
  [{ ...exact, schedulePeriodCommits: 0, scheduleWindowCommits: 1_000_000 }, []]
])('a window that no snapshot could carry is refused: %o', (cluster, keys) => {
  expect(keysOfProblems(buildGenesis([partOf('a'), partOf('b')], { ...request, cluster }))).toEqual(
    keys
  )
})

test('the larger the committee, the fewer commits a snapshot can carry', () => {
  const parts = Array.from({ length: 100 }, (_, i) => partOf(`n${i}`))
  const build = (gcDepthRounds: number) =>
    buildGenesis(parts, { ...request, cluster: { ...exact, gcDepthRounds } })
  expect(build(250).type).toBe('ok')
  expect(build(400)).toMatchObject({
    problems: [
      {
        key: 'cluster.gcDepthRounds',
        value: '400',
        allowed: expect.stringMatching(/^at most \d+ with 100 members: a snapshot carries/),
        remedy: expect.stringContaining('lower cluster.gcDepthRounds')
      }
    ]
  })
})

test('what a window of ordinary commits takes is known', () => {
  // Two rounds of four members with a batch each.
  const genesis = genesisOf(['a', 'b', 'c', 'd'], { cluster: { ...exact, gcDepthRounds: 4_094 } })
  expect(windowBytes(genesis.cluster, 4)).toBeGreaterThan(4_096 * 8 * 80)
  expect(windowBytes(genesis.cluster, 4)).toBeLessThanOrEqual(windowBytesMax)
})
