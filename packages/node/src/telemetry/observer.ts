import type { StreamClass } from '@novacron/base'
import type { MeshEvent, Plane } from '@novacron/transport'
import type { Executed, Noted } from '../driver/driver.ts'
import type { Log } from './log.ts'
import type { NodeMetrics } from './metrics.ts'

/** Turns what happens into log lines and metrics; the machines know of neither. */
export class Telemetry {
  readonly #log: Log
  readonly #metrics: NodeMetrics
  readonly #nowMs: () => number

  constructor(log: Log, metrics: NodeMetrics, nowMs: () => number) {
    this.#log = log
    this.#metrics = metrics
    this.#nowMs = nowMs
  }

  onExecuted({ subDag, outcome }: Executed): void {
    const { commits, commitLatency, committedIndex, transactionsCommitted } = this.#metrics
    commits.add(1)
    committedIndex.set(subDag.index)
    transactionsCommitted.add(outcome.applied)
    commitLatency.observe(Math.max(0, this.#nowMs() - subDag.timestamp) / 1000)
    this.#log.debug('commit-executed', {
      index: subDag.index,
      round: subDag.anchor.round,
      vertices: subDag.vertices.length,
      transactions: outcome.transactions,
      duplicates: outcome.duplicates
    })
  }

  onNote({ level, event, facts }: Noted): void {
    if (event === 'evidence') this.#metrics.evidence.add(1)
    this.#log[level](event, facts)
  }

  onCount(name: string, by: number): void {
    const { leaderTimeouts, batches, batchBytes } = this.#metrics
    if (name === 'leader_timeout') leaderTimeouts.add(by)
    else if (name === 'batch_sealed') batches.add(by)
    else if (name === 'batch_sealed_bytes') batchBytes.add(by)
    this.#metrics.count(name, by)
  }

  onReceived(streamClass: StreamClass, bytes: number): void {
    this.#metrics.receivedBytes[streamClass].add(bytes)
  }

  onTraffic(plane: Plane, sentBytes: number, receivedBytes: number): void {
    this.#metrics.planeSentBytes[plane].add(sentBytes)
    this.#metrics.planeReceivedBytes[plane].add(receivedBytes)
  }

  onMeshEvent(event: MeshEvent): void {
    const { type, ...facts } = event
    if (type === 'frame-dropped') this.#metrics.count('frame_dropped', 1)
    this.#log[levelOf(event)](type, facts)
  }
}

/** Peers come and go; only what somebody did wrong is a warning. */
function levelOf(event: MeshEvent): 'debug' | 'info' | 'warn' {
  switch (event.type) {
    case 'dial-failed':
    case 'direct-failed':
    case 'frame-dropped':
      return 'debug'
    case 'connection-closed':
      return event.code === 'duplicate' ? 'debug' : 'info'
    default:
      return 'warn'
  }
}
