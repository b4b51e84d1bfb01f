import { commitsUnderWayMax } from './under-way.ts'

/** Commits that one daemon made in a stretch of time. */
export interface Made {
  readonly node: string
  readonly commits: number
}

/** What came of cutting off whoever leads next, again and again. */
export interface AnchorsReport {
  readonly seconds: number
  /** Of the log: whoever was cut off last has them only once the network is whole, which the recovery looks at. */
  readonly commits: number
  /** Different daemons that were cut off. */
  readonly leadersCutOff: number
  /** Rounds without which the log went on because their leader was away. */
  readonly leadersMissed: number
}

/** At least as many a second, although leaders are away: what waits for one is over within its timeout. */
const anchorCommitsPerSecondMin = 1
const leadersCutOffMin = 2

/** What did not come as it must: the fault has hit leaders, and the log went on all the same. */
export function checkAnchors(report: AnchorsReport): readonly string[] {
  const { seconds, commits, leadersCutOff, leadersMissed } = report
  const faults: string[] = []
  if (commits < Math.max(1, anchorCommitsPerSecondMin * seconds)) {
    faults.push(
      `too little was committed while leaders were away: ${commits} in ${seconds.toFixed(1)} s`
    )
  }
  if (leadersCutOff < leadersCutOffMin) faults.push(`only ${leadersCutOff} leaders were cut off`)
  if (leadersMissed === 0) faults.push('no leader was missed by anybody')
  return faults
}

/** A network that fell apart several times for a moment. */
export interface FlapsReport {
  /** The connections were reset, or they fell silent and stayed. */
  readonly how: 'reset' | 'silent'
  readonly flaps: number
  /** While there were halves: of each daemon, the most that it made in one of the flaps. */
  readonly apart: readonly Made[]
  /** While it was whole in between. */
  readonly whole: readonly Made[]
}

/**
 * Halves are no quorum and commit nothing but what was under way. Between silences everybody goes on at once; connections
 * that were reset may take longer to come back than the network is whole, which is for the recovery to judge.
 */
export function checkFlaps({ how, flaps, apart, whole }: FlapsReport): readonly string[] {
  const underWayMax = commitsUnderWayMax(apart.length)
  const faults = apart
    .filter(({ commits }) => commits > underWayMax)
    .map(({ node, commits }) => `${node} made ${commits} commits in a half without a quorum`)
  if (how === 'reset') return faults
  const still = whole.filter(({ commits }) => commits === 0)
  return [...faults, ...still.map(({ node }) => `${node} did not commit between ${flaps} silences`)]
}
