import { essenceOf, type Shrunk } from '@novacron/simulator'
import { countOf, showMs } from '../settings.ts'
import { accountOf } from './account.ts'
import type { ToldRun } from './failure.ts'
import type { SeedResult } from './seed-run.ts'
import type { Summary } from './tally.ts'
import { printedVerdict, wordsOfVerdict } from './verdict.ts'

/** Failing seeds that are listed; JSON has all. */
const failuresShown = 20

/** Many runs in words. */
export function describeMany(summary: Summary, failures: readonly SeedResult[]): string[] {
  const { protocol, replicas, seeds, passed, interrupted } = summary
  const shown = summary.failed.slice(0, failuresShown)
  const hidden = summary.failed.length - shown.length
  return [
    `${protocol}, ${countOf(replicas, 'replica')}: ${passed} of ${countOf(seeds, 'seed')} passed` +
      (interrupted ? ' until the interruption' : ''),
    ...costOf(summary),
    ...shown.flatMap((failed, at) => [
      `seed ${failed.seed}: ${wordsOfVerdict(failed)}: ${firstLine(failures[at]?.facts)}`,
      `  ${failed.replay}`
    ]),
    ...(hidden > 0 ? [`and ${hidden} more, which --json lists`] : [])
  ]
}

/** One run in words, in full. */
export function describeOne(summary: Summary, told: ToldRun): string[] {
  const { scenario, report } = told
  const { acknowledged, applied, commits, latencyMs, recoveredMs, verdict } = report
  const { p50, p99, max } = latencyMs
  const recovery = recoveredMs === undefined ? 'never' : showMs(Math.round(recoveredMs))
  return [
    `${summary.protocol}, seed ${scenario.seed}, ${countOf(scenario.replicas, 'replica')}: ${wordsOfVerdict(printedVerdict(verdict))}${wordsOfLaw(summary)}`,
    '',
    ...accountOf(told),
    'Result',
    `  ${countOf(commits, 'commit')}, ${countOf(applied, 'transaction')}, ${acknowledged} acknowledged`,
    `  latency p50 ${showMs(Math.round(p50))}, p99 ${showMs(Math.round(p99))}, max ${showMs(Math.round(max))}`,
    `  back to progress after healing: ${recovery}`,
    ...costOf(summary).map(line => `  ${line}`)
  ]
}

/** The first failure of many, in full. */
export function describeFirstFailure(told: ToldRun): string[] {
  return ['', `Seed ${told.scenario.seed} in full`, '', ...accountOf(told)]
}

export function describeShrunk({ scenario, runs, isMinimal }: Shrunk): string[] {
  const how = isMinimal ? 'nothing more can be left out' : 'less may do'
  return [
    '',
    `Shrunk in ${countOf(runs, 'run')}, ${how}; --scenario reads it from a file:`,
    JSON.stringify(essenceOf(scenario))
  ]
}

/** What was not asked for stands beside the verdict. */
function wordsOfLaw({ relaxedLaw = [] }: Summary): string {
  if (relaxedLaw.length === 0) return ''
  const parts = relaxedLaw.map(name => `law.${name} is false`)
  return `, with a relaxed law (${parts.join(', ')})`
}

function costOf(summary: Summary): string[] {
  const { virtualSeconds, seconds, steps, messages, workers, traceHash } = summary
  const { virtualSecondsPerSecond, virtualSecondsPerCpuSecond, messagesPerSecond } = summary
  return [
    `trace ${traceHash}`,
    `${virtualSeconds} virtual s, ${steps} steps, ${messages} messages in ${seconds} s with ${countOf(workers, 'worker')}`,
    `${virtualSecondsPerSecond} virtual s/s (${virtualSecondsPerCpuSecond} for each second of CPU), ${messagesPerSecond} messages/s`
  ]
}

function firstLine(text = ''): string {
  return text.split('\n')[0] ?? ''
}
