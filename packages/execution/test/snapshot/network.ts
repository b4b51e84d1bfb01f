import type { PeerId } from '@novacron/base'
import {
  answerSnapshotRequest,
  type ServedSnapshot,
  type Snapshot,
  type SnapshotAnswer,
  SnapshotDownload,
  type SnapshotEffect,
  type SnapshotEvent,
  type SnapshotMessage,
  type SnapshotNeeds,
  type SnapshotOptions,
  type SnapshotRequest,
  snapshotCodec,
  snapshotTimer
} from '../../src/index.ts'
import { verified } from '../checkpoints/committee.ts'
import { at, hash, peer } from '../fixtures.ts'
import { Table } from '../table.ts'

/** How a peer answers: undefined is silence. */
export type Behaviour = (
  request: SnapshotRequest,
  honest: SnapshotAnswer
) => SnapshotAnswer | undefined
export const honest: Behaviour = (_request, answer) => answer
export const silent: Behaviour = () => undefined

interface Server {
  served: readonly ServedSnapshot[]
  behaviour: Behaviour
}

/** A download, peers that answer it through the codec, and a clock that only moves when nothing else does. */
export class Network {
  readonly machine: SnapshotDownload
  readonly table: Table
  readonly servers = new Map<PeerId, Server>()
  readonly effects: SnapshotEffect[] = []
  readonly requests: { readonly to: PeerId; readonly request: SnapshotRequest }[] = []
  readonly answerBytesMax: number
  #queue: { readonly to: PeerId; readonly request: SnapshotRequest }[] = []
  #timer: number | undefined
  now = 0

  constructor(
    options: Partial<SnapshotOptions> = {},
    needs: Partial<SnapshotNeeds> = {},
    answerBytesMax = 196_608
  ) {
    this.table = new Table()
    this.machine = new SnapshotDownload(options, { hash, ...needs })
    this.answerBytesMax = answerBytesMax
  }

  serve(name: string, served: readonly ServedSnapshot[], behaviour = honest): PeerId {
    this.servers.set(peer(name), { served, behaviour })
    return peer(name)
  }

  want(above = 0): void {
    this.step({ type: 'wanted', above: above as never, peers: [...this.servers.keys()] })
  }

  step(event: SnapshotEvent): readonly SnapshotEffect[] {
    const effects = this.machine.step(event, at(this.now))
    for (const effect of effects) {
      this.effects.push(effect)
      if (effect.type === 'persist') this.table.write(effect.writes)
      if (effect.type === 'set-timer') this.#timer = effect.at
      if (effect.type !== 'send') continue
      const sent = { to: effect.to, request: effect.message as SnapshotRequest }
      this.#queue.push(sent)
      this.requests.push(sent)
    }
    return effects
  }

  answer(from: PeerId, message: SnapshotAnswer): readonly SnapshotEffect[] {
    return this.step({ type: 'received', from, message: verified(message) })
  }

  /** Delivers until the download is complete, or `stepsMax` is reached. */
  run(stepsMax = 5_000): Snapshot | undefined {
    for (let i = 0; i < stepsMax; i++) {
      const complete = this.effects.find(effect => effect.type === 'complete')
      if (complete !== undefined) return complete.snapshot
      this.#deliverOne()
    }
    return undefined
  }

  penalties(): string[] {
    return this.effects.flatMap(effect =>
      effect.type === 'penalize' ? [`${effect.peer} ${effect.code}`] : []
    )
  }

  #deliverOne(): void {
    const next = this.#queue.shift()
    if (next === undefined) {
      this.now = Math.max(this.now, this.#timer ?? this.now + 1)
      this.step({ type: 'timer-fired', timer: snapshotTimer })
      return
    }
    const server = this.servers.get(next.to)
    if (server === undefined) return
    const { answerBytesMax } = this
    const right = answerSnapshotRequest(next.request, server.served, { answerBytesMax })
    const answer = server.behaviour(next.request, right)
    if (answer !== undefined) this.answer(next.to, overTheWire(answer))
  }
}

function overTheWire(answer: SnapshotAnswer): SnapshotAnswer {
  return snapshotCodec.decode(snapshotCodec.encode(answer)) as Exclude<
    SnapshotMessage,
    SnapshotRequest
  >
}
