import type { BullsharkMessage, BullsharkOptions } from '@novacron/consensus'
import type { ReplicaOptions, ReplicaSettings } from '../src/index.ts'
import { openOf, putOf } from './fixtures.ts'
import { bullshark, Host } from './host.ts'
import type { MemoryStore } from './memory-store.ts'
import { Network } from './network.ts'

/** Little is kept, so that a few hundred commits show what else takes thousands. */
const quick: Partial<BullsharkOptions> = { gcDepthRounds: 6, idleHeaderDelayMs: 20 }
export const protocol = bullshark(quick)
/** `commitWindow` of these options. */
export const windowCommits = 8

export function settingsOf(replica: Partial<ReplicaOptions>): ReplicaSettings {
  return { replica: { checkpointIntervalCommits: 5, headIntervalMs: 50, ...replica } }
}

/** Four members of Bullshark, or those of them that a test starts, and one session that has been opened. */
export class Cluster extends Network<BullsharkMessage> {
  readonly settings: ReplicaSettings
  session: Uint8Array = new Uint8Array()
  #sequence = 0

  constructor(replica: Partial<ReplicaOptions> = {}, seats: readonly number[] = [0, 1, 2, 3]) {
    super(protocol)
    this.settings = settingsOf(replica)
    for (const seat of seats) this.join(seat)
  }

  join(seat: number, store?: MemoryStore, settings = this.settings): Host<BullsharkMessage> {
    return this.start(new Host(seat, protocol, settings, store))
  }

  /** Opens the session, through seat 0. */
  open(): this {
    this.runTo(0, 1)
    this.submit(0, openOf(7))
    const host = this.at(0)
    const opened = () =>
      host.executed.flatMap(({ outcome }) => outcome.runs).find(run => run.openDigest !== undefined)
    if (!this.run(5_000, () => opened() !== undefined)) throw new Error('no session')
    this.session = opened()?.value as Uint8Array
    return this
  }

  /** Puts so many keys, through seat 0, one after another: new ones, or `keys` again and again. */
  put(count: number, pauseMs = 1, { keys = Number.POSITIVE_INFINITY, valueBytes = 20 } = {}): this {
    for (let i = 0; i < count; i++) {
      const key = `key-${++this.#sequence % keys}`
      this.submit(0, putOf(this.session, this.#sequence, key, 'x'.repeat(valueBytes)))
      this.run(pauseMs)
    }
    return this
  }

  /** Until this seat has executed so much. */
  runTo(seat: number, index: number, ms = 30_000): this {
    const host = this.at(seat)
    if (!this.run(ms, () => host.replica.executor.index >= index)) {
      throw new Error(`${seat} is at ${host.replica.executor.index}, not at ${index}`)
    }
    return this
  }
}
