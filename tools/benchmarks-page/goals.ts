import type { MemoryResult } from './memory.ts'
import { heldMs, latenessOf, type OrderingResult, type OrderingResults } from './ordering.ts'

interface Measured {
  readonly value: number
  /** Why it does not count, however good it is. */
  readonly fault?: string
}

interface Goal {
  readonly what: string
  /** Bounds from below unless it says otherwise. */
  readonly isAtMost?: boolean
  readonly must: number
  readonly aim: number
  readonly unit: string
  readonly files: readonly string[]
  readonly measure: (results: Results) => Measured | undefined
}

interface Results {
  readonly ordering: OrderingResults
  readonly memory: MemoryResult | undefined
}

const saturation = 'ordering-512-max'
const half = 'ordering-512-half'
const single = 'ordering-ten-20mbit-single-leader'
const turbo = 'ordering-ten-20mbit'

const unanswered = 'not all was acknowledged'

const goals: readonly Goal[] = [
  rate('512-byte transactions, p99 of 500 ms or less', 125_000, 250_000, saturation),
  rate('100-byte transactions, the same', 326_000, 600_000, 'ordering-100-326000'),
  rate(
    'one for each write, 128 connections, 512 bytes, the same',
    30_000,
    60_000,
    'ordering-single-30000'
  ),
  rate('`kv` puts of 100 bytes, the same', 60_000, 150_000, 'ordering-kv-60000'),
  latency('1,000 tx/s: p50', 'p50', 25, 12, 'ordering-1000'),
  latency('1,000 tx/s: p99', 'p99', 60, 30, 'ordering-1000'),
  latency('half of saturation: p50', 'p50', 60, 30, half),
  latency('half of saturation: p99', 'p99', 200, 90, half),
  latency('25 ms one way, 1,000 tx/s: p50', 'p50', 200, 130, 'ordering-delay-25'),
  latency('one of four killed, 10,000 tx/s: p99 after 3 s', 'p99', 400, 150, 'ordering-crash'),
  {
    what: '10 nodes, 20 Mbit/s each: to a single leader',
    must: 4,
    aim: 6,
    unit: 'times',
    files: [turbo, single],
    measure: ({ ordering }) => ratioOf(ordering)
  },
  {
    what: 'memory of a daemon at 50,000 tx/s for 10 minutes, if level',
    isAtMost: true,
    must: 700,
    aim: 400,
    unit: 'MB',
    files: ['memory-50000'],
    measure: ({ memory }) => (memory === undefined ? undefined : peakOf(memory))
  },
  {
    what: 'CPU for each MB at saturation, all daemons',
    isAtMost: true,
    must: 30,
    aim: 15,
    unit: 'ms',
    files: [saturation],
    measure: ({ ordering }) => measuredOf(ordering.get(saturation), run => run.cpuMsPerMB)
  },
  {
    what: 'at twice the saturation load: of its throughput',
    must: 0.9,
    aim: 1,
    unit: 'of it',
    files: [saturation],
    measure: ({ ordering }) => measuredOf(ordering.get(saturation), run => run.overload?.ratio)
  }
]

/** What is asked for, what was measured, and by how much it is missed. */
export function goalsPage(ordering: OrderingResults, memory: MemoryResult | undefined): string {
  return `### Goals

On two cores, four daemons where it does not say otherwise, durable and encrypted. *Must* is what a release has to reach, *aim* what it
is built for: at least so much of a rate or a ratio, at most so much of a time or of memory. A run at one rate counts with that rate if
all that was due was acknowledged, 99 of 100 within ${heldMs} ms, and all nodes agree; *saturation* is the highest rate found for which that holds.
Where a run was made several times, the one with the p99 in the middle counts, if all was acknowledged in each.
The machine is shared, and not equally fast in all hours: some of these runs are above once more "in a slower hour", and do not count here.

| what | must | aim | unit | measured | |
|---|---|---|---|---|---|
${goals.map(goal => rowOf(goal, { ordering, memory })).join('\n')}
`
}

function rowOf(goal: Goal, results: Results): string {
  const { what, must, aim, unit, files } = goal
  const measured = goal.measure(results)
  const links = files.map(name => `[${name}](benchmarks/${name}.json)`).join(', ')
  const shown = measured === undefined ? '-' : `${show(measured.value)} (${links})`
  return `| ${what} | ${show(must)} | ${show(aim)} | ${unit} | ${shown} | ${verdictOf(goal, measured)} |`
}

function verdictOf({ must, aim, isAtMost = false }: Goal, measured: Measured | undefined): string {
  if (measured === undefined) return '**not measured**'
  const { value, fault } = measured
  if (fault !== undefined) return `**missed: ${fault}**`
  const reaches = (bound: number): boolean => (isAtMost ? value <= bound : value >= bound)
  if (reaches(aim)) return 'aim reached'
  if (reaches(must)) return 'reached'
  return `**missed by ${Math.max(0.1, Math.round(1_000 * Math.abs(value / must - 1)) / 10)} %**`
}

function rate(what: string, must: number, aim: number, file: string): Goal {
  const measure = ({ ordering }: Results) => {
    const run = ordering.get(file)
    const measured = measuredOf(run, heldOf)
    const late = run === undefined ? undefined : latenessOf(run)
    return measured === undefined || late === undefined ? measured : { ...measured, fault: late }
  }
  return { what, must, aim, unit: 'tx/s', files: [file], measure }
}

/** What is acknowledged in a window belongs in part to what was due before it: a rate that is held is the one that was offered. */
function heldOf({ transactions, settings, throughput }: OrderingResult): number {
  return transactions.missing === 0 ? settings.ratePerSecond : throughput
}

function latency(what: string, share: string, must: number, aim: number, file: string): Goal {
  const measure = ({ ordering }: Results) => {
    const run = ordering.get(file)
    const measured = measuredOf(run, ({ latencyMs }) => latencyMs[share])
    const lost = (run?.transactions.missing ?? 0) > 0
    return measured !== undefined && lost ? { ...measured, fault: unanswered } : measured
  }
  return { what, isAtMost: true, must, aim, unit: 'ms', files: [file], measure }
}

function measuredOf(
  run: OrderingResult | undefined,
  fieldOf: (run: OrderingResult) => number | null | undefined
): Measured | undefined {
  if (run === undefined) return undefined
  const value = fieldOf(run)
  if (value === undefined || value === null) return undefined
  const fault = faultOf(run)
  return fault === undefined ? { value } : { value, fault }
}

function faultOf({ agreement, isHeld, repeats = [] }: OrderingResult): string | undefined {
  if (!agreement) return 'no agreement'
  if (repeats.some(({ missing }) => missing > 0)) return unanswered
  return isHeld === false ? 'no rate was held' : undefined
}

function ratioOf(ordering: OrderingResults): Measured | undefined {
  const [ours, leader] = [ordering.get(turbo), ordering.get(single)]
  if (ours === undefined || leader === undefined || leader.throughput === 0) return undefined
  const value = Number((ours.throughput / leader.throughput).toFixed(2))
  const fault = faultOf(ours) ?? faultOf(leader) ?? latenessOf(ours) ?? latenessOf(leader)
  return fault === undefined ? { value } : { value, fault }
}

function peakOf({ daemons, faults }: MemoryResult): Measured {
  const value = Math.round(Math.max(...daemons.map(daemon => daemon.peakRssBytes)) / 1e6)
  return faults.length === 0 ? { value } : { value, fault: faults.join('; ') }
}

function show(value: number): string {
  return value.toLocaleString('en-US')
}
