import { ascii, type Writer } from '@novacron/base'
import {
  type BullsharkClusterOptions,
  commitFactor,
  defaultSchedule,
  defaultTurboOptions
} from '@novacron/consensus'
import { z } from 'zod'
import { flag, integer, oneOf } from './fields.ts'

/**
 * How transactions are ordered: Bullshark with the switches of turbo, or as published. `single-leader` is a measuring stick
 * for benchmarks, which trusts every member: one that lies breaks it.
 */
export const orderingProtocols = ['bullshark-turbo', 'bullshark', 'single-leader'] as const
export type OrderingProtocol = (typeof orderingProtocols)[number]

/**
 * What all nodes of a chain must agree on; part of the genesis and of the chain's digest. Of four members, turbo commits
 * eight times in the rounds in which `bullshark` commits once; defaults that are counted in commits are for turbo.
 */
export interface ClusterOptions {
  readonly protocol: OrderingProtocol
  /** Of `bullshark-turbo`: an anchor in every round, where Bullshark has one in every second. */
  readonly pipelined: boolean
  /** Of `bullshark-turbo`: anchors are committed by a quorum of signed headers as well. */
  readonly fastCommit: boolean
  /** Of `bullshark-turbo`: vertices of a round that may become anchors. */
  readonly anchorsPerRound: number
  /** Of `bullshark-turbo`: who lagged in the last commits is no anchor. */
  readonly reputation: boolean
  /** Commits between two checkpoints: 500 rounds of four members under turbo, some ten seconds of a busy chain. */
  readonly checkpointIntervalCommits: number
  /** Client sessions kept; beyond it the oldest idle one is evicted. */
  readonly sessionsMax: number
  /** Payload of one transaction. */
  readonly transactionBytesMax: number
  /** Keys and values of the replicated state together. */
  readonly stateBytesMax: number
  readonly batchBytesMax: number
  /**
   * Rounds below the last committed anchor that can still be ordered: a second or more for a vertex that is late. Rounds are
   * as long in every protocol, so this does not depend on it.
   */
  readonly gcDepthRounds: number
  /** Commits between two leader schedules; 0 for the protocol's own: the first for ever, or with reputation every 2. */
  readonly schedulePeriodCommits: number
  /**
   * Commits that scores look back on, under turbo within the rounds that give so many; 0 for the protocol's own: 300, or those of
   * 30 rounds.
   */
  readonly scheduleWindowCommits: number
  /**
   * Commits below the last checkpoint that every node keeps at least: two intervals, so that whoever was away between two
   * checkpoints needs no snapshot.
   */
  readonly retentionCommitsMin: number
}

export const defaultClusterOptions: ClusterOptions = {
  protocol: 'bullshark-turbo',
  ...defaultTurboOptions,
  checkpointIntervalCommits: 2_000,
  sessionsMax: 65_536,
  transactionBytesMax: 131_072,
  stateBytesMax: 1_073_741_824,
  batchBytesMax: 500_000,
  gcDepthRounds: 50,
  schedulePeriodCommits: 0,
  scheduleWindowCommits: 0,
  retentionCommitsMin: 4_000
}

const defaults = defaultClusterOptions

/** Missing keys take their defaults; unknown ones are refused. */
export const clusterOptionsSchema: z.ZodType<ClusterOptions, unknown> = z
  .strictObject(
    {
      protocol: oneOf(orderingProtocols).default(defaults.protocol),
      pipelined: flag().default(defaults.pipelined),
      fastCommit: flag().default(defaults.fastCommit),
      anchorsPerRound: integer(1, 1_024).default(defaults.anchorsPerRound),
      reputation: flag().default(defaults.reputation),
      checkpointIntervalCommits: integer(1, 1_000_000).default(defaults.checkpointIntervalCommits),
      sessionsMax: integer(1, 1_048_576).default(defaults.sessionsMax),
      transactionBytesMax: integer(1_024, 4_000_000).default(defaults.transactionBytesMax),
      stateBytesMax: integer(1_048_576, 2 ** 40).default(defaults.stateBytesMax),
      batchBytesMax: integer(1_024, 8_388_608).default(defaults.batchBytesMax),
      gcDepthRounds: integer(4, 10_000).default(defaults.gcDepthRounds),
      schedulePeriodCommits: integer(0, 1_000_000).default(defaults.schedulePeriodCommits),
      scheduleWindowCommits: integer(0, 1_000_000).default(defaults.scheduleWindowCommits),
      retentionCommitsMin: integer(1, 1_000_000_000).default(defaults.retentionCommitsMin)
    },
    { error: 'an object' }
  )
  .prefault({})

/**
 * Every option that is in force by its name, in the order of names, so that a later option cannot be taken for an earlier one.
 */
export function writeClusterOptions(writer: Writer, options: ClusterOptions): void {
  const { protocol, pipelined, fastCommit, anchorsPerRound, reputation, ...always } = options
  const turbo = { pipelined, fastCommit, anchorsPerRound, reputation }
  writer.bytes(ascii(protocol))
  const inForce = protocol === 'bullshark-turbo' ? { ...always, ...turbo } : always
  const entries = Object.entries(inForce).sort(([a], [b]) => (a < b ? -1 : 1))
  writer.list(entries, ([option, value]) => {
    writer.bytes(ascii(option)).u64(Number(value))
  })
}

/** How many commits the chain makes in the rounds in which `bullshark` makes one. */
export function commitFactorOf(options: ClusterOptions, memberCount: number): number {
  return commitFactor(orderingOptions(options, memberCount).turbo, memberCount)
}

/** What the ordering protocol is told of it. */
export function orderingOptions(
  options: ClusterOptions,
  memberCount: number
): BullsharkClusterOptions {
  const { pipelined, fastCommit, anchorsPerRound, reputation } = options
  const isTurbo = options.protocol === 'bullshark-turbo'
  const turbo = isTurbo ? { pipelined, fastCommit, anchorsPerRound, reputation } : undefined
  const schedule = defaultSchedule(turbo, memberCount)
  return {
    gcDepthRounds: options.gcDepthRounds,
    schedulePeriodCommits: options.schedulePeriodCommits || schedule.schedulePeriodCommits,
    scheduleWindowCommits: options.scheduleWindowCommits || schedule.scheduleWindowCommits,
    turbo
  }
}
