import { setTimeout as sleep } from 'node:timers/promises'
import { ControlClient, connectIngest } from '@novacron/node'
import { commandFault } from '../command-fault.ts'
import { Lane } from './lane.ts'
import { LoadMeter } from './load-meter.ts'
import type { LoadMessage, LoadResult } from './messages.ts'
import { Payloads } from './payloads.ts'
import { Timetable } from './timetable.ts'

/** How much, how fast, how long, and to whom. */
export interface LoadOptions {
  /** Control sockets of the nodes; the load is spread evenly, one session and connection each. */
  readonly controls: readonly string[]
  readonly ratePerSecond: number
  /** Payload of one transaction. */
  readonly transactionBytes: number
  /** Without it the load ends when `stop` aborts. */
  readonly durationMs?: number
  /** After the load, for what was submitted to be acknowledged. */
  readonly drainMs: number
  /** Reports every acknowledgement. */
  readonly isTraced?: boolean
}

const tickMs = 1
const progressMs = 1_000
const openSessionMs = 10_000
const retryMs = 20
const reconnectMs = 200

/**
 * Submits transactions at a fixed rate whatever the nodes do (open loop), and measures each one from its scheduled time
 * to the acknowledgement of its commit. `stop` ends the load early; the drain still follows.
 */
export async function runLoad(
  options: LoadOptions,
  report: (message: LoadMessage) => void,
  stop: AbortSignal
): Promise<LoadResult> {
  const { controls, ratePerSecond } = options
  const timetable = new Timetable(ratePerSecond, controls.length)
  const meter = new LoadMeter(timetable, controls.length)
  const targets = await Promise.all(controls.map(openTarget))
  const lanes = makeLanes(targets, meter, options, report)
  try {
    await Promise.all(lanes.map(lane => lane.connect()))
    meter.start()
    const at = performance.timeOrigin + performance.now()
    report({ type: 'started', sessions: targets.map(({ session }) => session), at })
    return await drive(options, { timetable, meter, lanes, report, stop })
  } finally {
    await Promise.all(lanes.map(lane => lane.close()))
  }
}

/** One lane a node, which goes on through the next nodes should its own die. */
function makeLanes(
  targets: readonly Target[],
  meter: LoadMeter,
  { transactionBytes, isTraced = false }: LoadOptions,
  report: (message: LoadMessage) => void
): readonly Lane[] {
  const payloads = new Payloads(transactionBytes)
  const sockets = targets.map(({ ingest }) => ingest)
  return targets.map(
    ({ session }, lane) =>
      new Lane(
        {
          sockets: [...sockets.slice(lane), ...sockets.slice(0, lane)],
          session,
          retryMs,
          reconnectMs
        },
        {
          connect: connectIngest,
          payload: () => payloads.next(),
          onAcknowledged: range => {
            meter.onAcknowledged(lane, range)
            if (isTraced) report({ type: 'acknowledged', lane, ...range, atMs: meter.elapsedMs })
          },
          onNote: note => report({ type: 'note', note })
        }
      )
  )
}

interface DriveNeeds {
  readonly timetable: Timetable
  readonly meter: LoadMeter
  readonly lanes: readonly Lane[]
  readonly report: (message: LoadMessage) => void
  readonly stop: AbortSignal
}

async function drive(
  { durationMs = Number.POSITIVE_INFINITY, drainMs }: LoadOptions,
  { timetable, meter, lanes, report, stop }: DriveNeeds
): Promise<LoadResult> {
  const send = (elapsedMs: number): number => {
    const total = timetable.total(elapsedMs)
    const now = performance.now()
    for (const [i, lane] of lanes.entries()) lane.sendUpTo(timetable.ofLane(i, total), now)
    return total
  }
  const maybeReport = everyMs(progressMs, total => report(meter.progress(total)))
  while (!stop.aborted && meter.elapsedMs < durationMs) {
    maybeReport(meter.elapsedMs, send(meter.elapsedMs))
    await sleep(tickMs)
  }
  const loadMs = Math.min(meter.elapsedMs, durationMs)
  const committedInTime = meter.committed
  const submitted = send(loadMs)
  const drainUntil = performance.now() + drainMs
  while (lanes.some(lane => lane.outstanding > 0) && performance.now() < drainUntil) {
    maybeReport(meter.elapsedMs, send(loadMs))
    await sleep(tickMs)
  }
  return meter.result(submitted, committedInTime, loadMs)
}

/** Calls `act` when another interval is over. */
function everyMs(
  intervalMs: number,
  act: (total: number) => void
): (elapsedMs: number, total: number) => void {
  let next = intervalMs
  return (elapsedMs, total) => {
    if (elapsedMs < next) return
    next += intervalMs
    act(total)
  }
}

interface Target {
  readonly session: string
  /** Ingest socket. */
  readonly ingest: string
}

async function openTarget(socketPath: string): Promise<Target> {
  const client = new ControlClient({ socketPath })
  const { session } = await client.call('session.open', { timeoutMs: openSessionMs })
  const { name, sockets } = await client.call('node.status', {})
  if (sockets.ingest !== undefined) return { session, ingest: sockets.ingest }
  throw commandFault('failed', `${name} has no ingest socket, so it takes no load`)
}
