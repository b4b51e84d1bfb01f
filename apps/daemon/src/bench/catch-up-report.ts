import type { Agreement } from '../devnet/agreement.ts'
import { countOf, rounded } from '../settings.ts'
import type { LatencySummary } from './bench-window.ts'
import type { CatchUpCourse, CatchUpOptions } from './catch-up.ts'
import { type CatchUpProgress, catchUpProgress } from './catch-up-progress.ts'
import type { Look } from './catch-up-watch.ts'
import type { Environment } from './environment.ts'
import { latenciesOf, type SecondCount, secondsBetween } from './second-counts.ts'

/** What was asked for, as it is printed beside the result. */
export interface CatchUpSettings {
  readonly nodes: number
  readonly transactionBytes: number
  readonly ratePerSecond: number
  readonly connections: number
  readonly behindRounds: number
  readonly closeCommits: number
  readonly warmupSeconds: number
  readonly baselineSeconds: number
  readonly withinSeconds: number
  /** What differs from the defaults of the daemon. */
  readonly changed: object
}

/** The daemons that stayed, and their clients, over one part of the run. */
export interface PhaseReport {
  readonly seconds: number
  /** Committed and acknowledged transactions a second. */
  readonly throughput: number
  /** Of every transaction that was due in it; null when that share was never acknowledged. */
  readonly latencyMs: LatencySummary
  /** CPU seconds a second, of all of them together. */
  readonly cpuPerSecond: number
  readonly roundsPerSecond: number
}

/** One look, once a second, while it caught up. */
export interface CatchUpSample {
  /** After it was started. */
  readonly atSeconds: number
  /** Null while it does not answer. */
  readonly executedIndex: number | null
  readonly round: number | null
  /** Of the others. */
  readonly othersIndex: number
  readonly othersRound: number
  /** In commits. */
  readonly gap: number | null
  /** CPU seconds a second of the others together, since the look before. */
  readonly othersCpuPerSecond: number | null
  /** Of the transactions that were due in that second. */
  readonly latencyMs: Pick<LatencySummary, 'p50' | 'p99'>
}

/** One run, the JSON object of `bench catch-up --json`. */
export interface CatchUpReport {
  readonly benchmark: 'catch-up'
  readonly settings: CatchUpSettings
  /** When it was started again. */
  readonly gapAtStart: { readonly rounds: number; readonly commits: number }
  readonly isCaughtUp: boolean
  readonly secondsAway: number
  /** From the start of its process to its first answer; null when there was none. */
  readonly secondsToAnswer: number | null
  /** From the start of its process; null when it never did. */
  readonly secondsToCatchUp: number | null
  /** From its first answer on. */
  readonly commitsPerSecondCaughtUp: CatchUpProgress
  readonly snapshotAdopted: boolean
  /** CPU seconds a second of the one that caught up; null when it does not tell. */
  readonly ownCpuPerSecond: number | null
  readonly others: {
    /** With all daemons. */
    readonly before: PhaseReport
    /** While it was away. */
    readonly away: PhaseReport
    /** While it caught up. */
    readonly during: PhaseReport
    /** During over before; null where one of them is not known. */
    readonly ratio: {
      readonly throughput: number | null
      readonly p50: number | null
      readonly p99: number | null
      readonly cpu: number | null
    }
  }
  readonly samples: readonly CatchUpSample[]
  readonly agreement: boolean
  readonly commitsCompared: number
  readonly protocol: string
  readonly encryption: string
  readonly plane: string
  readonly environment: Environment
}

/** What is known of the network besides. */
export interface CatchUpFacts
  extends Pick<CatchUpReport, 'protocol' | 'encryption' | 'plane' | 'environment'> {
  readonly agreed: Pick<Agreement, 'agreement' | 'compared'>
}

export function catchUpReportOf(
  options: CatchUpOptions,
  course: CatchUpCourse,
  { agreed, protocol, encryption, plane, environment }: CatchUpFacts
): CatchUpReport {
  const { stood, restartedAtMs, during, isCaughtUp, cpuSeconds, seconds } = course
  const answers = during.flatMap(({ own, atMs }) => (own === undefined ? [] : [{ ...own, atMs }]))
  const since = (atMs: number): number => rounded((atMs - restartedAtMs) / 1_000)
  const leaving = course.away.at(-1) as Look
  const ahead = leaving.others
  const endedAtMs = (during.at(-1) as Look).atMs
  const phase = (looks: readonly Look[]): PhaseReport => phaseOf(looks, seconds)
  const phases = {
    before: phase(course.before),
    away: phase(course.away),
    // It is started at once after the last look at the others alone.
    during: phase([leaving, ...during])
  }
  return {
    benchmark: 'catch-up',
    settings: settingsOf(options),
    gapAtStart: {
      rounds: ahead.round - stood.round,
      commits: ahead.executedIndex - stood.executedIndex
    },
    isCaughtUp,
    secondsAway: rounded((restartedAtMs - (course.away[0] as Look).atMs) / 1_000),
    secondsToAnswer: answers[0] === undefined ? null : since(answers[0].atMs),
    secondsToCatchUp: isCaughtUp ? since(endedAtMs) : null,
    commitsPerSecondCaughtUp: catchUpProgress(answers),
    snapshotAdopted: course.snapshots.length > 0,
    ownCpuPerSecond: cpuSeconds === undefined ? null : ratioOf(cpuSeconds, since(endedAtMs)),
    others: { ...phases, ratio: ratiosOf(phases) },
    samples: during.map((look, i) => sampleOf(look, during[i - 1] ?? leaving, course)),
    agreement: agreed.agreement,
    commitsCompared: agreed.compared,
    protocol,
    encryption,
    plane,
    environment
  }
}

function settingsOf(options: CatchUpOptions): CatchUpSettings {
  const { nodes, transactionBytes, ratePerSecond, connections, behindRounds } = options
  const { closeCommits, nodeOptions, clusterOptions } = options
  return {
    nodes,
    transactionBytes,
    ratePerSecond,
    connections,
    behindRounds,
    closeCommits,
    warmupSeconds: options.warmupMs / 1_000,
    baselineSeconds: options.baselineMs / 1_000,
    withinSeconds: options.withinMs / 1_000,
    changed: { ...nodeOptions, ...clusterOptions }
  }
}

function phaseOf(looks: readonly Look[], all: readonly SecondCount[]): PhaseReport {
  const [first, last] = [looks[0] as Look, looks.at(-1) as Look]
  const seconds = secondsBetween(all, first.atMs, last.atMs)
  const acknowledged = seconds.reduce((sum, second) => sum + second.acknowledged, 0)
  const length = (last.atMs - first.atMs) / 1_000
  return {
    seconds: rounded(length),
    throughput: Math.round(acknowledged / Math.max(1, seconds.length)),
    latencyMs: latenciesOf(seconds),
    cpuPerSecond: cpuBetween(first, last) ?? 0,
    roundsPerSecond: rounded(ratioOf(last.others.round - first.others.round, length) ?? 0)
  }
}

function ratiosOf({
  before,
  during
}: Pick<CatchUpReport['others'], 'before' | 'during'>): CatchUpReport['others']['ratio'] {
  return {
    throughput: ratioOf(during.throughput, before.throughput),
    p50: ratioOf(during.latencyMs.p50, before.latencyMs.p50),
    p99: ratioOf(during.latencyMs.p99, before.latencyMs.p99),
    cpu: ratioOf(during.cpuPerSecond, before.cpuPerSecond)
  }
}

function sampleOf(
  look: Look,
  before: Look,
  { restartedAtMs, seconds }: CatchUpCourse
): CatchUpSample {
  const { own, others, atMs } = look
  const second = Math.floor(atMs / 1_000)
  const { p50, p99 } = latenciesOf(seconds.slice(second, second + 1))
  return {
    atSeconds: rounded((atMs - restartedAtMs) / 1_000),
    executedIndex: own?.executedIndex ?? null,
    round: own?.round ?? null,
    othersIndex: others.executedIndex,
    othersRound: others.round,
    gap: own === undefined ? null : others.executedIndex - own.executedIndex,
    othersCpuPerSecond: cpuBetween(before, look),
    latencyMs: { p50, p99 }
  }
}

/** CPU seconds a second. */
function cpuBetween(from: Look, to: Look): number | null {
  return ratioOf(to.othersCpuSeconds - from.othersCpuSeconds, (to.atMs - from.atMs) / 1_000)
}

function ratioOf(value: number | null, to: number | null): number | null {
  if (value === null || to === null || to <= 0) return null
  return Number((value / to).toFixed(3))
}

/** For people. */
export function describeCatchUp(report: CatchUpReport): string {
  const { settings, gapAtStart, commitsPerSecondCaughtUp: speed, others, environment } = report
  const { nodes, transactionBytes, ratePerSecond } = settings
  const { throughput, p50, p99, cpu } = others.ratio
  const way = report.snapshotAdopted ? 'by a snapshot' : 'commit by commit'
  const end =
    report.secondsToCatchUp === null
      ? `NOT in ${settings.withinSeconds} s`
      : `in ${report.secondsToCatchUp} s, ${way}`
  const lines = [
    `${countOf(nodes, 'node')}, ${report.protocol}, ${report.encryption} (${report.plane}), log, ${transactionBytes} bytes, ${ratePerSecond} tx/s offered`,
    `behind      ${gapAtStart.rounds} rounds, ${gapAtStart.commits} commits after ${report.secondsAway} s`,
    `caught up   ${end}; it answered after ${report.secondsToAnswer ?? '-'} s`,
    `speed       ${speed.mean ?? '-'} commits/s, by fifths of the way ${speed.fifths.join(', ') || '-'} (least over mean ${speed.leastOverMean ?? '-'})`,
    'the others, with all daemons before, without it while it was away, and during its catching up:',
    `before      ${describePhase(others.before)}`,
    `away        ${describePhase(others.away)}`,
    `during      ${describePhase(others.during)}`,
    `ratio       throughput ${throughput ?? '-'}, p50 ${p50 ?? '-'}, p99 ${p99 ?? '-'}, CPU of the others ${cpu ?? '-'} (during over before)`,
    `agreement   ${report.agreement ? 'yes' : 'NO'}, ${report.commitsCompared} commits compared`,
    `machine     ${environment.cpu}, ${environment.cores} cores, Node ${environment.node}, load average ${environment.loadAverage.join(', ')}, ${environment.date}`
  ]
  return lines.map(line => `${line}\n`).join('')
}

function describePhase({ seconds, throughput, latencyMs, ...phase }: PhaseReport): string {
  const show = (ms: number | null): string => (ms === null ? 'never' : ms.toFixed(1))
  return `${throughput} tx/s, p50 ${show(latencyMs.p50)} ms, p99 ${show(latencyMs.p99)} ms, ${phase.cpuPerSecond.toFixed(2)} CPU s/s, ${phase.roundsPerSecond} rounds/s in ${seconds} s`
}
