import { ControlClient } from '@novacron/node'
import { commandFault } from '../command-fault.ts'
import { BenchConnection } from './bench-connection.ts'
import { BenchWindow, type LatencySummary } from './bench-window.ts'
import { type BenchApplication, payloadPlan } from './payload-plan.ts'
import { type SecondCount, SecondCounts } from './second-counts.ts'

/** What one process of generators does. */
export interface GeneratorPlan {
  /** Control sockets of the nodes; connections are spread evenly over them, one session each. */
  readonly controls: readonly string[]
  readonly connections: number
  readonly ratePerSecond: number
  readonly application: BenchApplication
  readonly transactionBytes: number
  /** `single`: a write for each transaction. */
  readonly writes: 'batched' | 'single'
  /** Until transactions count; the rate rises in the first part of it. */
  readonly warmupMs: number
  /** After the warm-up, when something was broken on purpose; measured apart. */
  readonly recoveryMs: number
  readonly durationMs: number
  /** After the load, for what was sent to be acknowledged. */
  readonly drainMs: number
  /** The result also tells of every second, from the first transaction on. */
  readonly isCountedBySecond?: boolean
}

/** What it tells, one JSON object a line. */
export type GeneratorMessage =
  /** When the first transaction was due: milliseconds since 1970. */
  | { readonly type: 'started'; readonly atMs: number }
  | { readonly type: 'warmed-up' }
  | { readonly type: 'window-opened' }
  | { readonly type: 'window-closed' }
  /** Of the transactions that count, so far; none while it warms up. */
  | { readonly type: 'progress'; readonly due: number; readonly answered: number }
  | { readonly type: 'note'; readonly note: string }
  | ({ readonly type: 'finished' } & GeneratorResult)

export interface GeneratorResult {
  /** Transactions that were due in the window. */
  readonly due: number
  /** Of them, those that were acknowledged as committed, until the end of the drain. */
  readonly answered: number
  /** Acknowledged in the window, whenever due. */
  readonly acknowledgedInWindow: number
  readonly refused: number
  readonly latencyMs: LatencySummary
  /** Of the transactions that were due in the recovery. */
  readonly recoveryLatencyMs: LatencySummary
  /** Of this process, while the window lasted. */
  readonly cpuSeconds: number
  /** Where the plan asks for them, up to the end. */
  readonly seconds?: readonly SecondCount[]
}

const rampShare = 3 / 4
const tickMs = 1
const progressMs = 1_000
const retryMs = 20
const openSessionMs = 20_000
const frameBytesWanted = 65_536
const ringBytesMax = 64 * 1024 * 1024
const framesMax = 256

/**
 * Submits transactions at a fixed rate whatever the nodes do (open loop), and measures each from its due time to the
 * acknowledgement of its commit. `stop` ends it early.
 */
export async function runGenerator(
  plan: GeneratorPlan,
  report: (message: GeneratorMessage) => void,
  stop: AbortSignal
): Promise<GeneratorResult> {
  const { ratePerSecond, connections: count } = plan
  const { warmupMs, fromMs, toMs } = timesOf(plan)
  // Programs are slow while they are new: a load that they would carry must not begin with a backlog from that time.
  const between = { ratePerSecond, connections: count, rampMs: rampShare * warmupMs }
  const window = new BenchWindow({ ...between, fromMs, toMs })
  const recovery = new BenchWindow({ ...between, fromMs: warmupMs, toMs: fromMs })
  const seconds = new SecondCounts(window.timetable)
  const counting = plan.isCountedBySecond === true ? [seconds] : []
  const clock = { startedAt: 0 }
  const connections = await openConnections(plan, [window, recovery, ...counting], clock, report)
  try {
    clock.startedAt = performance.now()
    report({ type: 'started', atMs: performance.timeOrigin + clock.startedAt })
    const cpuSeconds = await drive(plan, { window, connections, clock, report, stop })
    return {
      due: window.due,
      answered: window.answered,
      acknowledgedInWindow: window.acknowledged,
      refused: connections.reduce((sum, { refused }) => sum + refused, 0),
      latencyMs: window.latencies(),
      recoveryLatencyMs: recovery.latencies(),
      cpuSeconds,
      ...(plan.isCountedBySecond === true
        ? { seconds: seconds.until(performance.now() - clock.startedAt) }
        : {})
    }
  } finally {
    for (const connection of connections) connection.close()
  }
}

function timesOf({ warmupMs, recoveryMs, durationMs }: GeneratorPlan) {
  const fromMs = warmupMs + recoveryMs
  return { warmupMs, fromMs, toMs: fromMs + durationMs }
}

interface Drive {
  readonly window: BenchWindow
  readonly connections: readonly BenchConnection[]
  readonly clock: { readonly startedAt: number }
  readonly report: (message: GeneratorMessage) => void
  readonly stop: AbortSignal
}

/** CPU seconds of this process in the window. */
async function drive(
  plan: GeneratorPlan,
  { window, connections, clock, report, stop }: Drive
): Promise<number> {
  const { warmupMs, fromMs, toMs } = timesOf(plan)
  const isSettled = (due: number): boolean =>
    connections.reduce((sum, { settled }) => sum + settled, 0) >= due
  let isWarm = false
  let opened: NodeJS.CpuUsage | undefined
  let closed: NodeJS.CpuUsage | undefined
  let progressAt = progressMs
  const tick = (): boolean => {
    const now = performance.now()
    const elapsedMs = now - clock.startedAt
    const due = window.timetable.total(Math.min(elapsedMs, toMs))
    for (const [i, connection] of connections.entries()) {
      connection.sendUpTo(window.timetable.ofLane(i, due), now)
    }
    if (!isWarm && elapsedMs >= warmupMs) {
      isWarm = true
      report({ type: 'warmed-up' })
    }
    if (opened === undefined && elapsedMs >= fromMs) {
      opened = process.cpuUsage()
      report({ type: 'window-opened' })
    }
    if (closed === undefined && opened !== undefined && elapsedMs >= toMs) {
      closed = process.cpuUsage(opened)
      report({ type: 'window-closed' })
    }
    if (elapsedMs >= progressAt) {
      progressAt += progressMs
      const counting = Math.max(0, due - window.timetable.total(fromMs))
      report({ type: 'progress', due: counting, answered: window.answered })
    }
    return elapsedMs >= toMs + plan.drainMs || (elapsedMs >= toMs && isSettled(due))
  }
  await untilTrue(tick, stop)
  return closed === undefined ? 0 : (closed.user + closed.system) / 1e6
}

/** An interval costs a third less than a promise of a timer each time. */
function untilTrue(tick: () => boolean, stop: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setInterval(() => {
      try {
        if (!stop.aborted && !tick()) return
        resolve()
      } catch (error) {
        reject(error)
      }
      clearInterval(timer)
    }, tickMs)
  })
}

async function openConnections(
  plan: GeneratorPlan,
  windows: readonly Pick<BenchWindow, 'onAcknowledged'>[],
  clock: { readonly startedAt: number },
  report: (message: GeneratorMessage) => void
): Promise<readonly BenchConnection[]> {
  const payloads = payloadPlan(plan.application, plan.transactionBytes)
  const ring = ringOf(plan, payloads.bytes)
  const nodes = plan.controls.length
  const targets = await Promise.all(
    Array.from({ length: plan.connections }, (_, i) =>
      openTarget(plan.controls[i % nodes] as string)
    )
  )
  // Of the first connections, one for each node.
  const sockets = targets.slice(0, nodes).map(({ ingest }) => ingest)
  const connections = targets.map(({ session, ingest }, i) => {
    const others = sockets.filter(socket => socket !== ingest)
    return new BenchConnection(
      { sockets: [ingest, ...others], session, retryMs, ...ring },
      {
        plan: payloads,
        onAcknowledged: range => {
          const atMs = performance.now() - clock.startedAt
          for (const window of windows) window.onAcknowledged(i, range, atMs)
        },
        onNote: note => report({ type: 'note', note })
      }
    )
  })
  await Promise.all(connections.map(connection => connection.connect()))
  return connections
}

/** Frames of 64 KB, and as many as a millisecond and a late tick need, within a bound for all connections together. */
function ringOf(
  { writes, connections }: GeneratorPlan,
  payloadBytes: number
): { readonly transactionsPerFrame: number; readonly frames: number } {
  const transactionsPerFrame =
    writes === 'single' ? 1 : Math.max(1, Math.floor(frameBytesWanted / (payloadBytes + 31)))
  const frameBytes = transactionsPerFrame * (payloadBytes + 31)
  const fitting = Math.floor(ringBytesMax / connections / frameBytes)
  return { transactionsPerFrame, frames: Math.max(2, Math.min(framesMax, fitting)) }
}

async function openTarget(
  socketPath: string
): Promise<{ readonly session: string; readonly ingest: string }> {
  const client = new ControlClient({ socketPath })
  const { session } = await client.call('session.open', { timeoutMs: openSessionMs })
  const { name, sockets } = await client.call('node.status', {})
  if (sockets.ingest !== undefined) return { session, ingest: sockets.ingest }
  throw commandFault('failed', `${name} has no ingest socket, so it takes no load`)
}
