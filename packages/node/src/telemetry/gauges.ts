import type { ReplicaStatus } from '@novacron/replica'
import type { PeerStatus } from '@novacron/transport'
import type { Store } from '../store/store.ts'
import type { NodeMetrics } from './metrics.ts'
import type { PrometheusMetrics } from './prometheus.ts'

export interface SampledParts {
  readonly replica: { status(): ReplicaStatus }
  readonly mesh: { peers(): readonly PeerStatus[] }
  readonly store: Pick<Store, 'stats'>
  readonly metrics: NodeMetrics
  /** Told of the round trip to the members, for time-outs. */
  readonly onRoundTrip: (roundTripMs: number) => void
}

const intervalMs = 2_000

/** Reads what has a level rather than events, again and again until disposed, and whenever the metrics are asked for. */
export function startSampling({
  prometheus,
  ...parts
}: Omit<SampledParts, 'metrics'> & {
  readonly prometheus: Pick<PrometheusMetrics, 'metrics' | 'onRender'>
}): Disposable {
  const sampler = new Sampler({ ...parts, metrics: prometheus.metrics })
  prometheus.onRender(() => sampler.sample())
  const timer = setInterval(() => sampler.sample(), intervalMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** Counters only grow, so of what peers and store count themselves the difference to the last look is added. */
export class Sampler {
  readonly #parts: SampledParts
  #flushes = 0

  constructor(parts: SampledParts) {
    this.#parts = parts
  }

  sample(): void {
    const { replica, mesh, store, metrics, onRoundTrip } = this.#parts
    const { orderer, executedIndex } = replica.status()
    metrics.round.set(orderer.round)
    metrics.executedIndex.set(executedIndex)
    const connected = mesh.peers().filter(peer => peer.state === 'connected')
    metrics.peers.set(connected.length)
    const stats = store.stats()
    metrics.databaseBytes.set(stats.databaseBytes)
    metrics.segmentBytes.set(stats.segmentBytes)
    if (stats.flushCount > this.#flushes) {
      metrics.storeFlushes.add(stats.flushCount - this.#flushes)
      metrics.storeFlushSeconds.observe(stats.flushMsLast / 1000)
    }
    this.#flushes = stats.flushCount
    const roundTrip = slowRoundTripMs(connected)
    if (roundTrip !== undefined) onRoundTrip(roundTrip)
  }
}

/** The 95th percentile over the members that are connected. */
export function slowRoundTripMs(peers: readonly PeerStatus[]): number | undefined {
  const trips = peers
    .flatMap(peer => (peer.member && peer.rttMs !== undefined ? [peer.rttMs] : []))
    .sort((a, b) => a - b)
  return trips[Math.min(trips.length - 1, Math.floor(trips.length * 0.95))]
}
