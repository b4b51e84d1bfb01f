import {
  accepted,
  decodeFault,
  type Millis,
  type PeerId,
  rejected,
  type Verdict
} from '@novacron/base'
import type { MessageCodec, SignatureCheck } from '@novacron/consensus'
import type { GossipMessage, ReplicaEffect, ReplicaEvent, ReplicaMessage } from '@novacron/replica'
import {
  type DrivenMachine,
  Driver,
  type DriverListener,
  type Wire
} from '../../src/driver/driver.ts'
import {
  defaultObserverBudgetOptions,
  ObserverBudget,
  type ObserverBudgetOptions
} from '../../src/driver/observer-budget.ts'
import type { SignatureChecker } from '../../src/driver/signatures.ts'
import { SpilledBatches } from '../../src/driver/spilled-batches.ts'
import { FakeStore } from './fake-store.ts'

export const peers = ['peer-1', 'peer-2'] as [PeerId, PeerId]

/** A message is a word: `bad` does not decode, `refused` is not accepted, `forged` has a wrong signature. */
export function word(text: string): ReplicaMessage {
  return { layer: 'order', message: text }
}

const codec: MessageCodec<ReplicaMessage> = {
  encode: message => new TextEncoder().encode(String(message.message)),
  decode: bytes => {
    const text = new TextDecoder().decode(bytes)
    if (text === 'bad') throw decodeFault({ code: 'bad-value', field: 'word', value: text })
    if (text === 'bug') throw new TypeError('a bug of ours')
    return word(text)
  }
}

export const frameOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Performs what the test gives it for each event, and notes what it was told. */
export class ScriptedMachine implements DrivenMachine {
  readonly events: ReplicaEvent[] = []
  script: (event: ReplicaEvent) => readonly ReplicaEffect[] = () => []
  signatures = 1
  gossip: Verdict = accepted

  step(event: ReplicaEvent, _now: Millis): readonly ReplicaEffect[] {
    this.events.push(event)
    return this.script(event)
  }

  screen(_from: PeerId, { message }: ReplicaMessage): Verdict {
    if (message === 'refused') return rejected({ code: 'not-wanted' })
    return message === 'old' ? { type: 'ignore', fault: { code: 'old' } } : accepted
  }

  signaturesOf({ message }: ReplicaMessage): readonly SignatureCheck[] {
    const check = checkOf(message !== 'forged')
    return Array.from({ length: this.signatures }, () => check)
  }

  screenGossip(_message: GossipMessage): Verdict {
    return this.gossip
  }

  gossipSignaturesOf(): readonly SignatureCheck[] {
    return Array.from({ length: this.signatures }, () => checkOf(true))
  }
}

function checkOf(holds: boolean): SignatureCheck {
  const bytes = Uint8Array.of(holds ? 1 : 0)
  return { publicKey: bytes, message: bytes, signature: bytes }
}

export interface Driven {
  readonly driver: Driver
  readonly machine: ScriptedMachine
  readonly store: FakeStore
  readonly batches: SpilledBatches
  /** Everything that the driver did, in order. */
  readonly trace: string[]
  readonly failures: unknown[]
}

/** A driver over parts that the test holds. Time stands still at 1,000. */
export function driven(
  checker?: Partial<SignatureChecker>,
  budget: ObserverBudgetOptions = defaultObserverBudgetOptions
): Driven {
  const trace: string[] = []
  const failures: unknown[] = []
  const machine = new ScriptedMachine()
  const store = new FakeStore(trace)
  const batches = new SpilledBatches(store.batches)
  const wire: Wire = {
    send: (to, streamClass, frame) =>
      trace.push(`send ${to} ${streamClass} ${new TextDecoder().decode(frame)}`) > 0,
    publish: topic => void trace.push(`publish ${topic}`),
    penalize: (peer, code) => void trace.push(`penalize ${peer} ${code}`)
  }
  const listener: DriverListener = {
    onExecuted: ({ outcome }) => void trace.push(`executed ${outcome.index}`),
    onNote: ({ event }) => void trace.push(`note ${event}`),
    onCount: (name, by) => void trace.push(`count ${name} ${by}`),
    onStopped: index => void trace.push(`stopped ${index}`),
    onFailure: error => void failures.push(error)
  }
  const holds = (checks: readonly SignatureCheck[]) =>
    checks.every(check => check.signature[0] === 1)
  const driver = new Driver({
    machine,
    codec,
    store,
    batches,
    wire,
    clock: () => 1_000 as Millis,
    signatures: { checkAll: holds, checkAllNow: holds, ...checker },
    others: peers,
    observers: new ObserverBudget(budget, peers),
    listener
  })
  return { driver, machine, store, batches, trace, failures }
}

/** Lets everything that is ready run. */
export function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
