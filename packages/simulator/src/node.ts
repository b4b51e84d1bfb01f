import {
  accepted,
  assert,
  equalBytes,
  type Millis,
  type PeerId,
  type Persist,
  type Prng,
  toVerified,
  type Verdict
} from '@novacron/base'
import type { CommittedSubDag, Read, SignatureCheck } from '@novacron/consensus'
import { SimulatedClock } from './clock.ts'
import type { Disk } from './disk/disk.ts'
import type { EventQueue } from './event-queue.ts'
import type { DriverLaw } from './law.ts'
import type {
  ProtocolTypes,
  SimulatedMachine,
  SimulatedProtocol,
  WorldEffect,
  WorldEvent
} from './machine.ts'
import { type Delay, drawDelay } from './network/delay.ts'
import type { Trace } from './trace.ts'

/** One place of the world: its clock, its disk's speed, and the law it is driven by. */
export interface NodeOptions {
  readonly place: number
  readonly peer: PeerId
  /** This node's clock is so much ahead of the world's. */
  readonly clockSkewMs: number
  readonly readDelay: Delay
  readonly flushDelay: Delay
  /** Share of messages that go through the codec, as on a real wire. */
  readonly codecSamplePercent: number
  readonly law: DriverLaw
}

export const persistPoints = ['before', 'written', 'flushed', 'sent'] as const

/**
 * Where a crash strikes: before the writes of a `persist`, after them, after their sync, or when all effects of the step have
 * been performed, so that whatever may leave has left.
 */
export type PersistPoint = (typeof persistPoints)[number]

/** What the operating system may refuse with EIO. */
export const diskOperations = ['read', 'write'] as const
export type DiskOperation = (typeof diskOperations)[number]

export interface NodeNeeds<T extends ProtocolTypes> {
  readonly queue: EventQueue
  readonly prng: Prng
  readonly disk: Disk
  readonly trace: Trace
  readonly protocol: SimulatedProtocol<T>
  readonly verify: (check: SignatureCheck) => boolean
  /** Messages whose signatures have been found to hold, by whoever had them first. */
  readonly checked: WeakSet<object>
  readonly send: (effect: Outgoing<T>) => void
  readonly onExecuted: (subDag: CommittedSubDag, outcome: T['outcome']) => void
  readonly onRejected: (from: PeerId, code: string) => void
  /** The machine threw, or a message changed on its way through the codec. */
  readonly onFailed: (error: unknown) => void
  /** The disk failed what the node asked of it: no driver goes on after that. */
  readonly onDiskError: (operation: DiskOperation) => void
  readonly onCount: (name: string, by: number) => void
  /** Asked at each point of the `count`-th persist of this node's life; true kills it there. */
  readonly crashesAt: (count: number, point: PersistPoint) => boolean
}

/** Beyond it the socket buffers of a stopped process are full, and the rest is lost. */
const waitingMax = 50_000

export type Outgoing<T extends ProtocolTypes> = Extract<
  WorldEffect<T>,
  { type: 'send' | 'broadcast' | 'publish' }
>

/**
 * Drives one machine by the driver's law, on virtual time: one event at a time, effects in order, sends behind the sync of
 * what was persisted before them. One sync is under way; what is asked for meanwhile shares the next.
 */
export class SimulatedNode<T extends ProtocolTypes> {
  readonly #options: NodeOptions
  readonly #needs: NodeNeeds<T>
  readonly #timers = new Map<string, symbol>()
  #machine: SimulatedMachine<T> | undefined
  /** Counts lives: what was under way in an earlier one is void. */
  #life = 0
  #persists = 0
  /** Durable persists asked for, and how many of them are on the disk. */
  #asked = 0
  #flushed = 0
  #isSyncing = false
  #outbox: { readonly after: number; readonly run: () => void }[] = []
  readonly clock: SimulatedClock
  /** What would have run while the process was stopped. */
  #waiting: (() => void)[] | undefined
  #syncExtraMs = 0
  #isDiskFull = false
  /** What was written or asked for while the disk was full. */
  #onceRoom: (() => void)[] = []
  #failing: DiskOperation | undefined
  /** What is being taken in was damaged on its way: its sender is not to blame. */
  #isDamaged = false

  constructor(options: NodeOptions, needs: NodeNeeds<T>) {
    this.#options = options
    this.#needs = needs
    this.clock = new SimulatedClock(needs.queue, options.clockSkewMs)
  }

  get isUp(): boolean {
    return this.#machine !== undefined
  }

  get machine(): SimulatedMachine<T> | undefined {
    return this.#machine
  }

  /** Effects of kind `persist` performed in all lives. */
  get persists(): number {
    return this.#persists
  }

  get outboxLength(): number {
    return this.#outbox.length
  }

  /** Nothing runs until `resume`; then all that came meanwhile, at once. */
  pause(): void {
    if (this.#machine !== undefined) this.#waiting ??= []
  }

  resume(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const run of waiting) run()
  }

  /** Each sync takes so much longer. */
  slowSync(byMs: number): void {
    this.#syncExtraMs = byMs
  }

  /**
   * While the disk is full nothing becomes durable and nothing is taken in, as in a node's driver; the machine is told, and what
   * was written or asked for goes on when there is room.
   */
  fillDisk(isFull: boolean): void {
    if (isFull === this.#isDiskFull) return
    this.#isDiskFull = isFull
    if (isFull) return this.step({ type: 'disk', state: 'full' })
    for (const run of this.#onceRoom.splice(0)) run()
    this.#sync()
    this.step({ type: 'disk', state: 'ok' })
  }

  /** From now on operations of this kind fail; undefined for a disk that works again. */
  failDisk(operation: DiskOperation | undefined): void {
    this.#failing = operation
    this.#needs.disk.failReads(operation === 'read')
  }

  start(machine: SimulatedMachine<T>): void {
    this.clock.restart()
    this.#machine = machine
    this.step({ type: 'started' })
    if (this.#isDiskFull) this.step({ type: 'disk', state: 'full' })
  }

  /** The process is gone at once, in the middle of whatever it did. */
  kill(): void {
    this.#machine = undefined
    this.#life++
    this.#waiting = undefined
    this.#timers.clear()
    this.#outbox = []
    this.#onceRoom = []
    this.#asked = 0
    this.#flushed = 0
    this.#isSyncing = false
  }

  submit(region: Uint8Array, count: number): boolean {
    if (this.#machine?.admits(region.length) !== true) return false
    this.step({ type: 'submitted', region, count })
    return true
  }

  /** A message that was damaged on its way blames nobody. */
  receiveDamaged(from: PeerId, message: T['message']): void {
    this.#isDamaged = true
    this.receive(from, message)
    this.#isDamaged = false
  }

  receive(from: PeerId, message: T['message']): void {
    const machine = this.#machine
    if (machine === undefined || this.#isHeld(() => this.receive(from, message))) return
    if (this.#isDiskFull) return this.#needs.onCount('message_dropped_disk_full', 1)
    let verdict: Verdict
    try {
      verdict = machine.screen(from, message)
    } catch (error) {
      return this.#needs.onFailed(error)
    }
    if (!this.#passes(from, verdict) || !this.#isSigned(from, machine, message)) return
    this.step({ type: 'received', from, message: toVerified(message) })
  }

  /** What a signature is checked against depends on the message alone for some kinds: these are checked once for all places. */
  #isSigned(from: PeerId, machine: SimulatedMachine<T>, message: T['message']): boolean {
    const { protocol, checked } = this.#needs
    const isAlike = protocol.isCheckedAlike(message)
    if (isAlike && checked.has(message as object)) return true
    const checks = this.#attempt(() => machine.signaturesOf(message))
    if (checks === undefined || !this.#holds(from, checks)) return false
    if (isAlike) checked.add(message as object)
    return true
  }

  receiveGossip(from: PeerId, message: T['gossip']): void {
    const machine = this.#machine
    if (machine === undefined || this.#isHeld(() => this.receiveGossip(from, message))) return
    if (this.#isDiskFull) return this.#needs.onCount('message_dropped_disk_full', 1)
    const verdict = this.#attempt(() => machine.screenGossip(message))
    if (verdict === undefined || !this.#passes(from, verdict)) return
    const checks = this.#attempt(() => machine.signaturesOfGossip(message))
    if (checks === undefined || !this.#holds(from, checks)) return
    this.step({ type: 'gossiped', from, message: toVerified(message) })
  }

  step(event: WorldEvent<T>): void {
    const machine = this.#machine
    if (machine === undefined || this.#isHeld(() => this.step(event))) return
    const { trace, queue } = this.#needs
    trace.at(queue.now)
    trace.note(event.type, this.#options.place)
    let effects: readonly WorldEffect<T>[]
    try {
      effects = machine.step(event, this.clock.now())
    } catch (error) {
      return this.#needs.onFailed(error)
    }
    const life = this.#life
    const persistsBefore = this.#persists
    for (const effect of effects) {
      this.#perform(effect)
      if (life !== this.#life) return
    }
    if (this.#persists > persistsBefore) this.#needs.crashesAt(this.#persists, 'sent')
  }

  #perform(effect: WorldEffect<T>): void {
    const { disk, trace, onCount, onExecuted } = this.#needs
    const { place } = this.#options
    switch (effect.type) {
      case 'persist':
        return this.#persist(effect)
      case 'store-batch':
        trace.note('store-batch', place, effect.batch.bytes.length)
        if (this.#failing === 'write') return this.#onDiskError('write')
        return disk.storeBatch(effect.batch)
      case 'drop-batches':
        return this.#onceDurable(() => disk.dropBatches(effect.digests))
      case 'read':
        return this.#read(effect)
      case 'send':
      case 'broadcast':
      case 'publish':
        return this.#post(effect)
      case 'set-timer':
        return this.#setTimer(effect.timer, effect.at)
      case 'cancel-timer':
        this.#timers.delete(effect.timer)
        return
      case 'count':
        return onCount(effect.name, effect.by)
      case 'executed':
        trace.note(effect.subDag.digest, place, effect.subDag.index)
        return onExecuted(effect.subDag, effect.outcome)
      case 'penalize':
        return this.#blame(effect.peer, effect.code)
      default:
        trace.note(effect.type, place)
    }
  }

  #persist({ writes, durable }: Persist): void {
    const { disk, trace, crashesAt } = this.#needs
    const count = ++this.#persists
    trace.note(durable ? 'persist-durable' : 'persist', this.#options.place, writes.length)
    if (crashesAt(count, 'before')) return
    disk.write(writes, durable)
    if (crashesAt(count, 'written')) return
    if (durable) this.#asked++
    // Without a sync of its own, a write may still be on the disk by chance.
    if (crashesAt(count, 'flushed')) return
    if (durable) this.#sync()
  }

  /** Starts a sync of everything written so far unless one is under way. */
  #sync(): void {
    if (this.#isSyncing || this.#isDiskFull || this.#flushed === this.#asked) return
    const { queue, prng, disk } = this.#needs
    const { law, flushDelay } = this.#options
    const covers = this.#asked
    const mark = disk.mark()
    const life = this.#life
    this.#isSyncing = true
    queue.schedule(queue.now + drawDelay(flushDelay, prng) + this.#syncExtraMs, () => {
      if (life !== this.#life) return
      this.#isSyncing = false
      if (this.#isDiskFull) return
      if (this.#failing === 'write') return this.#onDiskError('write')
      this.#flushed = covers
      if (law.syncOnDurable) disk.sync(mark)
      if (!this.#isHeld(() => this.#release())) this.#release()
      this.#sync()
    })
  }

  /** A part of all messages goes through bytes, as all do on a real wire; whoever it is for gets what comes out. */
  #throughBytes(effect: Outgoing<T>): Outgoing<T> | undefined {
    const { prng } = this.#needs
    if (effect.type === 'publish') return effect
    if (!prng.chance(this.#options.codecSamplePercent / 100)) return effect
    const message = this.#attempt(() => this.#decoded(effect.message))
    return message === undefined ? undefined : { ...effect, message }
  }

  #decoded(message: T['message']): T['message'] {
    const { protocol, trace } = this.#needs
    const bytes = protocol.codec.encode(message)
    trace.bytes(bytes)
    const decoded = protocol.codec.decode(bytes)
    const isSame = equalBytes(protocol.codec.encode(decoded), bytes)
    if (!isSame) assert(false, `the codec changes ${protocol.describe(message)}`)
    return decoded
  }

  #post(asked: Outgoing<T>): void {
    const { trace, protocol, send } = this.#needs
    // Answers and requests could not leave, and are asked for again.
    if (this.#isDiskFull && (asked.type === 'publish' || asked.class !== 'order')) return
    const effect = this.#throughBytes(asked)
    if (effect === undefined) return
    const what = effect.type === 'publish' ? 'publish' : protocol.describe(effect.message)
    trace.note(what, this.#options.place)
    if (effect.type !== 'publish' && effect.class === 'bulk') send(effect)
    else this.#onceDurable(() => send(effect))
  }

  #onceDurable(run: () => void): void {
    if (this.#asked === this.#flushed || !this.#options.law.persistBeforeSend) run()
    else this.#outbox.push({ after: this.#asked, run })
  }

  #release(): void {
    const ready = this.#outbox.findIndex(({ after }) => after > this.#flushed)
    const count = ready === -1 ? this.#outbox.length : ready
    for (const { run } of this.#outbox.splice(0, count)) run()
  }

  #read(effect: Read): void {
    const { queue, prng, disk } = this.#needs
    const life = this.#life
    queue.schedule(queue.now + drawDelay(this.#options.readDelay, prng), () => {
      if (life !== this.#life) return
      // What was written before cannot be read while the disk is full: the answer waits for it.
      if (this.#isDiskFull) return void this.#onceRoom.push(() => this.#read(effect))
      if (this.#failing === 'read') return this.#onDiskError('read')
      this.step({ type: 'read-done', token: effect.token, rows: disk.read(effect) })
    })
  }

  #onDiskError(operation: DiskOperation): void {
    this.#needs.onCount(`disk_error_${operation}`, 1)
    this.#needs.onDiskError(operation)
  }

  #setTimer(timer: string, at: Millis): void {
    const { queue } = this.#needs
    const mine = Symbol(timer)
    this.#timers.set(timer, mine)
    queue.schedule(this.clock.worldTimeOf(at), () => {
      if (this.#timers.get(timer) !== mine) return
      this.#timers.delete(timer)
      this.step({ type: 'timer-fired', timer })
    })
  }

  #passes(from: PeerId, verdict: Verdict): boolean {
    if (verdict.type === accepted.type) return true
    if (verdict.type === 'reject') this.#blame(from, verdict.fault.code)
    else this.#needs.onCount(`ignored_${verdict.fault.code}`, 1)
    return false
  }

  #holds(from: PeerId, checks: readonly SignatureCheck[]): boolean {
    if (!this.#options.law.checkSignatures) return true
    if (checks.every(check => this.#needs.verify(check))) return true
    this.#blame(from, 'bad-signature')
    return false
  }

  #blame(from: PeerId, code: string): void {
    if (this.#isDamaged) this.#needs.onCount('damaged_refused', 1)
    else this.#needs.onRejected(from, code)
  }

  /** What a machine throws stops its node; the world decides what that means. */
  #attempt<R>(run: () => R): R | undefined {
    try {
      return run()
    } catch (error) {
      this.#needs.onFailed(error)
      return undefined
    }
  }

  /** True while the process is stopped: then it runs later. */
  #isHeld(run: () => void): boolean {
    if (this.#waiting === undefined) return false
    if (this.#waiting.length < waitingMax) this.#waiting.push(run)
    return true
  }
}
