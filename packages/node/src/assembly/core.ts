import type { MessageCodec } from '@novacron/consensus'
import { type Replica, type ReplicaMessage, replicaCodec } from '@novacron/replica'
import type { NodeSockets } from '../api/node-report.ts'
import { sha256, verifySignature, verifySignatureAsync } from '../config/ed25519.ts'
import type { LoadedNode } from '../config/init.ts'
import type { Control } from '../control/control.ts'
import { systemClock } from '../driver/clock.ts'
import { Driver, type DriverListener } from '../driver/driver.ts'
import { LateWire } from '../driver/late-wire.ts'
import { ObserverBudget } from '../driver/observer-budget.ts'
import { signatureChecker } from '../driver/signatures.ts'
import { SpilledBatches, spilledBytesMax } from '../driver/spilled-batches.ts'
import type { OpenedStore } from '../store/level-store.ts'
import type { Logs } from '../telemetry/log.ts'
import type { NodeMetrics } from '../telemetry/metrics.ts'
import { Telemetry } from '../telemetry/observer.ts'
import { makeControl } from './control.ts'
import { randomHashSeed } from './hash-seed.ts'
import { type ChainFacts, makeReplica } from './replica-settings.ts'

export interface CoreNeeds {
  readonly loaded: LoadedNode
  readonly facts: ChainFacts
  readonly opened: OpenedStore
  readonly logs: Logs
  readonly metrics: NodeMetrics
  readonly sockets: () => NodeSockets
  readonly onStopAsked: () => void
  /** A broken invariant or a failed store. */
  readonly onFailure: (error: unknown) => void
}

/** The machine, what drives it, and what answers for it; not yet connected to anybody. */
export interface Core {
  readonly replica: Replica<unknown>
  readonly driver: Driver
  readonly control: Control
  readonly wire: LateWire
  readonly telemetry: Telemetry
}

export function assembleCore(needs: CoreNeeds): Core {
  const { loaded, facts, opened, logs, metrics } = needs
  const { committee } = facts
  const { store } = opened
  const { peerId } = loaded.keys
  // What was accepted from clients is never refused for want of room.
  const { pendingBytes } = loaded.options.limits
  const batches = new SpilledBatches(store.batches, spilledBytesMax + pendingBytes)
  const { replica, orderCodec, dag } = makeReplica(loaded.genesis, loaded.options, facts, {
    self: committee.replicaOf(peerId),
    hash: sha256,
    sign: loaded.keys.consensus.sign,
    batches,
    wasSignedLogPresent: opened.signedLog === 'present',
    hashSeed: randomHashSeed()
  })
  const telemetry = new Telemetry(logs.module('replica'), metrics, systemClock)
  const wire = new LateWire((streamClass, bytes) => metrics.sentBytes[streamClass].add(bytes))
  const control = makeControl({
    loaded,
    facts,
    replica,
    dag,
    store,
    batches,
    mesh: wire,
    sockets: needs.sockets,
    setLogLevel: change => logs.setLevel(change),
    stop: needs.onStopAsked,
    onRefused: count => metrics.transactionsRefused.add(count),
    submit: (region, count) => {
      metrics.transactionsAccepted.add(count)
      driver.post({ type: 'submitted', region, count })
    }
  })
  const others = committee.members.map(member => member.peer).filter(peer => peer !== peerId)
  const trusted = [...others, ...loaded.options.upstreams.map(({ peer }) => peer)]
  const codec = replicaCodec(orderCodec, sha256)
  const driver = new Driver({
    machine: replica,
    codec: codec as MessageCodec<ReplicaMessage>,
    store,
    batches,
    wire,
    clock: systemClock,
    signatures: signatureChecker(verifySignature, verifySignatureAsync, count =>
      metrics.signaturesChecked.add(count)
    ),
    others,
    observers: new ObserverBudget(loaded.options.limits, trusted),
    listener: listenerOf(telemetry, control, needs)
  })
  return { replica, driver, control, wire, telemetry }
}

function listenerOf(
  telemetry: Telemetry,
  control: Control,
  { logs, onFailure }: CoreNeeds
): DriverListener {
  const log = logs.module('node')
  return {
    onExecuted: executed => {
      telemetry.onExecuted(executed)
      control.onExecuted(executed)
    },
    onNote: note => telemetry.onNote(note),
    onCount: (name, by) => telemetry.onCount(name, by),
    onStopped: (index, reason) =>
      reason === undefined
        ? log.warn('epoch-stopped', { index })
        : log.error('ordering-stopped', { index, reason }),
    onFailure
  }
}
