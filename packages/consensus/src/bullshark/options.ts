import { assert } from '@novacron/base'

/** What `bullshark-turbo` does beyond Bullshark as published; each is a switch of its own. */
export interface TurboOptions {
  /** An anchor in every round, where Bullshark has one in every second (Shoal, arXiv 2306.03058). */
  readonly pipelined: boolean
  /** An anchor is committed by a quorum of signed headers of the next round, certified or not (Shoal++, arXiv 2405.20488). */
  readonly fastCommit: boolean
  /** Vertices of a round that may become anchors, in the order in which they are decided. */
  readonly anchorsPerRound: number
  /** Who lagged in the last commits is no anchor: the schedule's period and window are in force. */
  readonly reputation: boolean
}

export const defaultTurboOptions: TurboOptions = {
  pipelined: true,
  fastCommit: true,
  anchorsPerRound: 16,
  reputation: true
}

/** Must be equal in the whole committee, so it is part of the genesis. */
export interface BullsharkClusterOptions {
  /** Rounds kept below the last committed anchor; what is older is never ordered. */
  readonly gcDepthRounds: number
  /** Commits between two recomputations of the leader schedule from scores; 0 keeps the base schedule. */
  readonly schedulePeriodCommits: number
  /** Commits that scores look back on; of turbo no further than the rounds that give so many while nobody is missing. */
  readonly scheduleWindowCommits: number
  /** Left out: Bullshark as published. */
  readonly turbo?: TurboOptions | undefined
}

/** Commits between two recomputations of the leaders, as the mode has it; 0 for never. */
export function schedulePeriod({ turbo, schedulePeriodCommits }: BullsharkClusterOptions): number {
  return turbo === undefined || turbo.reputation ? schedulePeriodCommits : 0
}

/** Commits between two schedules from reputation: one that is gone leads for as long as it takes, so rather few. */
const reputationPeriodCommits = 2
/**
 * Rounds of turbo that scores look back on. Who was away is an anchor again after nearly as long, and until then what its clients
 * submit is ordered a round later than with others.
 */
const scoredRounds = 30
/** Commits of Bullshark as published that they look back on, where a schedule period has been chosen. */
const scoredCommits = 300

/** What is in force where nothing else was agreed on. */
export function defaultSchedule(
  turbo: TurboOptions | undefined,
  replicas: number
): Pick<BullsharkClusterOptions, 'schedulePeriodCommits' | 'scheduleWindowCommits'> {
  if (turbo === undefined) return { schedulePeriodCommits: 0, scheduleWindowCommits: scoredCommits }
  return {
    schedulePeriodCommits: turbo.reputation ? reputationPeriodCommits : 0,
    // The factor counts the commits of two rounds.
    scheduleWindowCommits: (scoredRounds / 2) * commitFactor(turbo, replicas)
  }
}

/** How many commits the rounds give in which Bullshark gives one: whatever is counted in commits is shorter by as much. */
export function commitFactor(turbo: TurboOptions | undefined, replicas: number): number {
  if (turbo === undefined) return 1
  return Math.min(turbo.anchorsPerRound, replicas) * (turbo.pipelined ? 2 : 1)
}

/** What one node may choose for itself, besides what its committee agrees on; times in milliseconds. */
export interface BullsharkOptions extends BullsharkClusterOptions {
  /** Least time between two own headers when there is work: latency against CPU. */
  readonly minHeaderDelayMs: number
  /**
   * Waiting for a leader ends here; doubled after each such wait, halved after a round without one. A wait for a silent one changes
   * nothing.
   */
  readonly maxHeaderDelayMs: number
  readonly maxHeaderDelayCeilingMs: number
  /** Rounds go on at this pace when there is nothing to order. */
  readonly idleHeaderDelayMs: number
  /**
   * Without progress for this long, the own last header or certificate is sent again; later where rounds take longer, and after
   * each time that it did not help.
   */
  readonly resendDelayMs: number
  /** A pull that is not answered goes to another peer after this. */
  readonly syncRetryMs: number
  /** A catch-up request that is not answered goes to another peer after this. */
  readonly catchUpRetryMs: number
  /** Rounds above the highest known quorum that are taken in; beyond it only catch-up helps. */
  readonly futureRoundsMax: number
  /** Rounds behind at which catch-up by commits begins. */
  readonly catchUpLagRounds: number
  /** How far a header's clock may be ahead of ours. */
  readonly clockDriftMaxMs: number
  readonly headerBatchesMax: number
  readonly headerPayloadBytesMax: number
  /** Rounds without a commit, in multiples of gcDepthRounds, after which they go on slowly: nothing is forgotten meanwhile. */
  readonly proposeAheadGcDepths: number
  /**
   * Rounds below the last anchor at which own payload that no commit has ordered is proposed again. It may then be ordered
   * twice; sessions run it once.
   */
  readonly requeueRounds: number
  /** Commits delivered but not executed at which proposing pauses. */
  readonly executionLagCommitsMax: number
  /** Certificates that wait for parents, at most. */
  readonly suspendedMax: number
  /** Digests pulled in one request. */
  readonly pullDigestsMax: number
  /** Commits read for one catch-up reply. */
  readonly catchUpCommitsMax: number
  readonly catchUpCertificatesMax: number
  /** Catch-up requests served at once. */
  readonly servingMax: number
  /** Those of them that peers outside the committee may take; the rest is kept for members that lag. */
  readonly servingObserversMax: number
}

export const tier1Bullshark: BullsharkOptions = {
  gcDepthRounds: 50,
  schedulePeriodCommits: 0,
  scheduleWindowCommits: 300,
  minHeaderDelayMs: 10,
  maxHeaderDelayMs: 100,
  maxHeaderDelayCeilingMs: 2_000,
  idleHeaderDelayMs: 200,
  resendDelayMs: 400,
  syncRetryMs: 100,
  catchUpRetryMs: 1_000,
  futureRoundsMax: 100,
  catchUpLagRounds: 10,
  clockDriftMaxMs: 500,
  headerBatchesMax: 32,
  headerPayloadBytesMax: 8_000_000,
  proposeAheadGcDepths: 2,
  requeueRounds: 8,
  executionLagCommitsMax: 400,
  suspendedMax: 20_000,
  pullDigestsMax: 64,
  catchUpCommitsMax: 64,
  catchUpCertificatesMax: 1_500,
  servingMax: 8,
  servingObserversMax: 4
}

export const tier2Bullshark: BullsharkOptions = {
  ...tier1Bullshark,
  minHeaderDelayMs: 20,
  maxHeaderDelayMs: 300,
  resendDelayMs: 1_000,
  syncRetryMs: 400,
  catchUpRetryMs: 2_000
}

export const tier3Bullshark: BullsharkOptions = {
  ...tier1Bullshark,
  gcDepthRounds: 60,
  minHeaderDelayMs: 50,
  maxHeaderDelayMs: 1_000,
  maxHeaderDelayCeilingMs: 8_000,
  resendDelayMs: 3_000,
  syncRetryMs: 1_500,
  catchUpRetryMs: 5_000
}

export const defaultBullsharkOptions: BullsharkOptions = { ...tier1Bullshark }

export function checkBullsharkOptions(options: BullsharkOptions): void {
  const { turbo, ...numbers } = options
  if (turbo !== undefined) checkTurboOptions(turbo, options)
  for (const [key, value] of Object.entries(numbers)) {
    assert(Number.isSafeInteger(value) && value >= 0, `${key} is an integer >= 0: ${value}`)
  }
  assert(options.gcDepthRounds >= 4, 'gcDepthRounds >= 4')
  assert(options.futureRoundsMax > options.catchUpLagRounds, 'futureRoundsMax > catchUpLagRounds')
  assert(
    options.maxHeaderDelayMs >= options.minHeaderDelayMs,
    'maxHeaderDelayMs >= minHeaderDelayMs'
  )
  assert(options.maxHeaderDelayCeilingMs >= options.maxHeaderDelayMs, 'maxHeaderDelayCeilingMs')
  assert(options.resendDelayMs >= 1 && options.syncRetryMs >= 1, 'retry delays >= 1')
  assert(options.pullDigestsMax >= 1 && options.pullDigestsMax <= 256, '1 <= pullDigestsMax <= 256')
  assert(
    options.headerBatchesMax >= 1 && options.headerBatchesMax <= 256,
    'headerBatchesMax <= 256'
  )
  assert(options.catchUpCommitsMax >= 1, 'catchUpCommitsMax >= 1')
}

function checkTurboOptions(turbo: TurboOptions, options: BullsharkClusterOptions): void {
  const { anchorsPerRound, reputation } = turbo
  const isCount = Number.isSafeInteger(anchorsPerRound)
  assert(isCount && anchorsPerRound >= 1, `anchorsPerRound >= 1: ${anchorsPerRound}`)
  assert(!reputation || options.schedulePeriodCommits >= 1, 'reputation has a schedule period')
}
