import { ascii, type Writer } from '@novacron/base'
import { z } from 'zod'
import { exactly, integer } from './fields.ts'

/** What all nodes of a chain must agree on; part of the genesis and of the chain's digest. */
export interface ClusterOptions {
  readonly protocol: 'bullshark'
  /** Commits between two checkpoints. */
  readonly checkpointIntervalCommits: number
  /** Client sessions kept; beyond it the oldest idle one is evicted. */
  readonly sessionsMax: number
  /** Payload of one transaction. */
  readonly transactionBytesMax: number
  /** Keys and values of the replicated state together. */
  readonly stateBytesMax: number
  readonly batchBytesMax: number
  /** Rounds below the last committed anchor that can still be ordered. */
  readonly gcDepthRounds: number
  /** Commits between two leader schedules; 0 keeps the first. */
  readonly schedulePeriodCommits: number
  readonly scheduleWindowCommits: number
  /** Commits below the last checkpoint that every node keeps at least. */
  readonly retentionCommitsMin: number
}

export const defaultClusterOptions: ClusterOptions = {
  protocol: 'bullshark',
  checkpointIntervalCommits: 500,
  sessionsMax: 65_536,
  transactionBytesMax: 131_072,
  stateBytesMax: 1_073_741_824,
  batchBytesMax: 500_000,
  gcDepthRounds: 50,
  schedulePeriodCommits: 0,
  scheduleWindowCommits: 300,
  retentionCommitsMin: 500
}

const defaults = defaultClusterOptions

/** Missing keys take their defaults; unknown ones are refused. */
export const clusterOptionsSchema: z.ZodType<ClusterOptions, unknown> = z
  .strictObject(
    {
      protocol: exactly('bullshark').default('bullshark'),
      checkpointIntervalCommits: integer(1, 1_000_000).default(defaults.checkpointIntervalCommits),
      sessionsMax: integer(1, 1_048_576).default(defaults.sessionsMax),
      transactionBytesMax: integer(1_024, 4_000_000).default(defaults.transactionBytesMax),
      stateBytesMax: integer(1_048_576, 2 ** 40).default(defaults.stateBytesMax),
      batchBytesMax: integer(1_024, 8_388_608).default(defaults.batchBytesMax),
      gcDepthRounds: integer(4, 10_000).default(defaults.gcDepthRounds),
      schedulePeriodCommits: integer(0, 1_000_000).default(defaults.schedulePeriodCommits),
      scheduleWindowCommits: integer(1, 1_000_000).default(defaults.scheduleWindowCommits),
      retentionCommitsMin: integer(1, 1_000_000_000).default(defaults.retentionCommitsMin)
    },
    { error: 'an object' }
  )
  .prefault({})

/** Every option by its name, in the order of names, so that a later option cannot be taken for an earlier one. */
export function writeClusterOptions(writer: Writer, options: ClusterOptions): void {
  const { protocol, ...numbers } = options
  writer.bytes(ascii(protocol))
  const entries = Object.entries(numbers).sort(([a], [b]) => (a < b ? -1 : 1))
  writer.list(entries, ([option, value]) => {
    writer.bytes(ascii(option)).u64(value)
  })
}
