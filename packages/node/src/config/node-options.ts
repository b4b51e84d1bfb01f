import type { PeerId } from '@novacron/base'
import { z } from 'zod'
import { isLoopback } from '../api/host-check.ts'
import { type LogLevel, logLevels } from '../api/node-control.ts'
import { defaultObserverBudgetOptions } from '../driver/observer-budget.ts'
import {
  flag,
  integer,
  listenAddress,
  listOf,
  name,
  oneOf,
  peer,
  reachableAddress,
  text
} from './fields.ts'
import type { Genesis } from './genesis.ts'
import { type NetworkTier, networkTiers } from './network-tier.ts'
import { type Problem, problemAt, problemsOf } from './problem.ts'
import type { Result } from './result.ts'

/** A peer that an observer follows. */
export interface Upstream {
  readonly peer: PeerId
  readonly addresses: readonly string[]
}

export interface TcpApiOptions {
  /** Loopback only: there is no TLS on it. */
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  /** File of mode 0600 with 64 hex digits. */
  readonly jwtSecretFile: string
}

export type Encryption = 'tls' | 'noise'

/** What belongs to one process, `config.json`. Whether a node is a member follows from the genesis. */
export interface NodeOptions {
  readonly name: string
  /** Multiaddrs to listen on. */
  readonly listen: readonly string[]
  /** Multiaddrs to tell others in place of those listened on; empty tells the real ones. */
  readonly announce: readonly string[]
  /** Peers that an observer takes the log from; without any it takes the members. */
  readonly upstreams: readonly Upstream[]
  /** How far the members are from one another; sets how long a node waits for them. */
  readonly network: {
    readonly tier: NetworkTier
    /** Uses TLS sockets of our own with members and upstreams that do so too; with others, and where none can be made, libp2p. */
    readonly direct: boolean
    /** What protects connections to other nodes, in order of preference; both sides must share one. */
    readonly encryption: readonly Encryption[]
  }
  readonly discovery: { readonly bootstrap: readonly string[]; readonly mdns: boolean }
  readonly api: {
    /** Directory of `control.sock` and `ingest.sock`; null for the data directory. */
    readonly socketDirectory: string | null
    readonly tcp: TcpApiOptions | null
  }
  readonly metrics: {
    readonly host: string
    /** 0 takes a free port, null serves nothing. */
    readonly port: number | null
  }
  readonly log: {
    readonly level: LogLevel
    /** `file` appends JSON lines to `logs/`; `stderr` writes text to a terminal and JSON lines elsewhere. */
    readonly destination: 'file' | 'stderr'
  }
  /**
   * History kept below the last checkpoint; whichever bound is met first prunes. 80,000 commits are 20,000 rounds of four
   * members under turbo: minutes of a busy chain, more than an hour of an idle one.
   */
  readonly retention: { readonly commits: number; readonly bytes: number }
  readonly limits: {
    /** The store's files; beyond it the node stops proposing as on a full disk. */
    readonly diskBytes: number
    /** Stops proposing while the file system has less than this. */
    readonly diskFreeBytes: number
    /** Own bytes accepted and not committed; beyond it clients wait. */
    readonly pendingBytes: number
    /** What one peer outside the committee may be sent; what it asks for beyond is dropped. */
    readonly observerBytesPerSecond: number
    /** The same for all of them together. */
    readonly observersBytesPerSecond: number
    readonly apiConnections: number
    readonly ingestConnections: number
  }
}

const MiB = 1024 * 1024

export const defaultNodeOptions: Omit<NodeOptions, 'name'> = {
  listen: ['/ip4/0.0.0.0/tcp/4610'],
  announce: [],
  upstreams: [],
  network: { tier: 'rack', direct: true, encryption: ['tls', 'noise'] },
  discovery: { bootstrap: [], mdns: false },
  api: { socketDirectory: null, tcp: null },
  metrics: { host: '127.0.0.1', port: 0 },
  log: { level: 'info', destination: 'stderr' },
  retention: { commits: 80_000, bytes: 2_000_000_000 },
  limits: {
    diskBytes: 64 * 1024 * MiB,
    diskFreeBytes: 64 * MiB,
    pendingBytes: 32_000_000,
    ...defaultObserverBudgetOptions,
    apiConnections: 900,
    ingestConnections: 256
  }
}

const defaults = defaultNodeOptions
const anObject = { error: 'an object' }
const addressesMax = 16
const peersMax = 64
const bytes = (min: number): z.ZodType<number, number> => integer(min, 2 ** 50)
const perSecond = integer(65_536, 1_000_000_000)
const path = text(/^[^\0]{1,4096}$/, 'a path')
const host = text(/^[0-9a-zA-Z.:_-]{1,253}$/, 'an IP address or a host name')
const port = integer(0, 65_535)

const tcpApi = z.strictObject(
  {
    host: host.refine(isLoopback, { error: 'a loopback address: 127.0.0.1, ::1 or localhost' }),
    port,
    jwtSecretFile: path
  },
  { error: 'an object or null' }
)

const upstream = z.strictObject(
  { peer: peer(), addresses: listOf(reachableAddress('any'), 1, addressesMax) },
  anObject
)

const nodeOptionsSchema: z.ZodType<NodeOptions, unknown> = z.strictObject(
  {
    name: name(),
    listen: listOf(listenAddress(), 1, addressesMax).default([...defaults.listen]),
    announce: listOf(reachableAddress('any'), 0, addressesMax).default([]),
    upstreams: listOf(upstream, 0, peersMax).default([]),
    network: z
      .strictObject(
        {
          tier: oneOf(networkTiers).default(defaults.network.tier),
          direct: flag().default(defaults.network.direct),
          encryption: listOf(oneOf(['tls', 'noise'] as const), 1, 2).default([
            ...defaults.network.encryption
          ])
        },
        anObject
      )
      .prefault({}),
    discovery: z
      .strictObject(
        {
          bootstrap: listOf(reachableAddress('with-peer'), 0, peersMax).default([]),
          mdns: flag().default(false)
        },
        anObject
      )
      .prefault({}),
    api: z
      .strictObject(
        { socketDirectory: path.nullable().default(null), tcp: tcpApi.nullable().default(null) },
        anObject
      )
      .prefault({}),
    metrics: z
      .strictObject(
        {
          host: host.default(defaults.metrics.host),
          port: z
            .int({ error: 'an integer from 0 to 65535, or null' })
            .min(0, { error: 'an integer from 0 to 65535, or null' })
            .max(65_535, { error: 'an integer from 0 to 65535, or null' })
            .nullable()
            .default(defaults.metrics.port)
        },
        anObject
      )
      .prefault({}),
    log: z
      .strictObject(
        {
          level: oneOf(logLevels).default(defaults.log.level),
          destination: oneOf(['file', 'stderr']).default(defaults.log.destination)
        },
        anObject
      )
      .prefault({}),
    retention: z
      .strictObject(
        {
          commits: integer(1, 1_000_000_000).default(defaults.retention.commits),
          bytes: bytes(MiB).default(defaults.retention.bytes)
        },
        anObject
      )
      .prefault({}),
    limits: z
      .strictObject(
        {
          diskBytes: bytes(16 * MiB).default(defaults.limits.diskBytes),
          diskFreeBytes: bytes(0).default(defaults.limits.diskFreeBytes),
          pendingBytes: integer(MiB, 1_073_741_824).default(defaults.limits.pendingBytes),
          observerBytesPerSecond: perSecond.default(defaults.limits.observerBytesPerSecond),
          observersBytesPerSecond: perSecond.default(defaults.limits.observersBytesPerSecond),
          apiConnections: integer(1, 65_536).default(defaults.limits.apiConnections),
          ingestConnections: integer(1, 65_536).default(defaults.limits.ingestConnections)
        },
        anObject
      )
      .prefault({})
  },
  anObject
)

/** Missing keys take their defaults; everything that is wrong is told at once. */
export function parseNodeOptions(json: unknown): Result<NodeOptions> {
  const parsed = nodeOptionsSchema.safeParse(json)
  return parsed.success
    ? { type: 'ok', value: parsed.data }
    : { type: 'invalid', problems: problemsOf(parsed.error, nodeOptionsSchema, json) }
}

/** Rules between a node's options and the chain it is in. */
export function checkNodeOptions(options: NodeOptions, genesis: Genesis, self: PeerId): Problem[] {
  const problems: Problem[] = []
  const { retentionCommitsMin } = genesis.cluster
  if (options.retention.commits < retentionCommitsMin) {
    const allowed = `at least ${retentionCommitsMin}, which the genesis asks of every node`
    problems.push(problemAt('retention.commits', options.retention.commits, allowed))
  }
  const member = genesis.members.find(({ peer }) => peer === self)
  if (member !== undefined && member.name !== options.name) {
    const allowed = `${JSON.stringify(member.name)}, as the genesis calls this node`
    problems.push(problemAt('name', options.name, allowed))
  }
  if (member !== undefined && options.listen.length === 0 && member.addresses.length > 0) {
    const allowed = 'at least one address, since the genesis tells others to dial this node'
    problems.push(problemAt('listen', options.listen, allowed))
  }
  for (const [i, { peer }] of options.upstreams.entries()) {
    if (peer === self) {
      problems.push(problemAt(`upstreams.${i}.peer`, peer, 'the id of another node'))
    }
  }
  return problems
}
