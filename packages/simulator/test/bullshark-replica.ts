import {
  ascii,
  type CommitIndex,
  type Digest,
  digestOf,
  fromHex,
  type Hash,
  type Millis,
  type PeerId,
  Reader,
  toVerified,
  type Verdict,
  Writer
} from '@novacron/base'
import {
  Bullshark,
  type BullsharkMessage,
  type BullsharkOptions,
  type BullsharkRules,
  bullsharkCodec,
  type CommittedSubDag,
  decodeSubDag,
  emptyKey,
  endKey,
  indexKey,
  Mempool,
  type MempoolEffect,
  type MempoolMessage,
  mempoolCodec,
  type OrdererEffect,
  type OrdererInput,
  type SignatureCheck,
  type SigningDomain,
  tables,
  transactionsOf
} from '@novacron/consensus'
import type {
  Gauge,
  Receipt,
  Seat,
  SimulatedMachine,
  SimulatedProtocol,
  WorldEffect,
  WorldEvent
} from '../src/index.ts'
import { bullsharkSlots } from '../src/index.ts'

type Message =
  | { readonly to: 'orderer'; readonly message: BullsharkMessage }
  | { readonly to: 'mempool'; readonly message: MempoolMessage }

export interface ThinTypes {
  readonly message: Message
  readonly gossip: never
  readonly outcome: { readonly receipts: readonly Receipt[] }
}

type Event = WorldEvent<ThinTypes>
type Effect = WorldEffect<ThinTypes>

export interface ThinOptions {
  readonly bullshark?: Partial<BullsharkOptions>
  readonly rules?: BullsharkRules
}

const requestBytes = 8
const appliedTable = 'applied'
const headTable = 'app'

/** Orderer and mempool joined by hand, with an executor that only remembers which requests it has seen. */
export class ThinReplica implements SimulatedMachine<ThinTypes> {
  readonly #seat: Seat
  readonly #orderer: Bullshark
  readonly #mempool: Mempool
  readonly #fresh = new Map<Digest, Uint8Array>()
  readonly #applied = new Set<string>()
  /** After each commit of the last step. */
  readonly #roots = new Map<CommitIndex, Digest>()
  readonly #queue: CommittedSubDag[] = []
  readonly #peers = new Set<PeerId>()
  readonly #held: OrdererInput<BullsharkMessage>[] = []
  #isOpen = false
  #executed = 0
  #root = '0'.repeat(64) as Digest

  constructor(options: ThinOptions, seat: Seat) {
    this.#seat = seat
    const { committee, domain, self, hash, sign, wasSignedLogPresent } = seat
    const has = (digest: Digest) => this.#fresh.has(digest) || seat.batches.has(digest)
    const read = (digest: Digest) => this.#fresh.get(digest) ?? seat.batches.read(digest)
    this.#orderer = new Bullshark(
      { ...seat.bullshark, ...options.bullshark },
      {
        committee,
        domain,
        self,
        hash,
        sign,
        hasBatch: has,
        wasSignedLogPresent,
        ...(options.rules === undefined ? {} : { rules: options.rules })
      }
    )
    const needs = { committee, epoch: domain.epoch, self, hash, batches: { has, read } }
    this.#mempool = new Mempool({}, needs)
  }

  get orderer(): Bullshark {
    return this.#orderer
  }

  screen(from: PeerId, { to, message }: Message): Verdict {
    return to === 'mempool' ? { type: 'accept' } : this.#orderer.screen(from, message)
  }

  signaturesOf({ to, message }: Message): readonly SignatureCheck[] {
    return to === 'mempool' ? [] : this.#orderer.signaturesOf(message)
  }

  screenGossip(): Verdict {
    return { type: 'accept' }
  }

  signaturesOfGossip(): readonly SignatureCheck[] {
    return []
  }

  admits(bytes: number): boolean {
    return this.#isOpen && this.#mempool.admits(bytes)
  }

  describe(): string {
    const { round, lastIndex } = this.#orderer.status()
    return `round ${round}, ordered ${lastIndex}, run ${this.#executed}`
  }

  stateRootAt(index: CommitIndex): Digest | undefined {
    return this.#roots.get(index)
  }

  gauges(): readonly Gauge[] {
    return [
      { name: 'pending bytes', value: this.#mempool.pendingBytes, max: 32_000_000 },
      { name: 'unordered batches', value: this.#mempool.unorderedCount, max: 20_000 },
      { name: 'batch pulls', value: this.#mempool.pullCount, max: 50_000 }
    ]
  }

  step(event: Event, now: Millis): readonly Effect[] {
    this.#fresh.clear()
    this.#roots.clear()
    const out: Effect[] = []
    switch (event.type) {
      case 'started': {
        out.push({ type: 'read', token: 'app', keys: [{ table: headTable, key: ascii('head') }] })
        break
      }
      case 'read-done':
        this.#onRead(event, now, out)
        break
      case 'received': {
        const { to, message } = event.message
        const { from } = event
        if (to === 'mempool') {
          this.#pool({ type: 'received', from, message: toVerified(message) }, now, out)
        } else this.#order({ type: 'received', from, message: toVerified(message) }, now, out)
        break
      }
      case 'timer-fired':
        if (event.timer === 'pull-batches') this.#pool(event, now, out)
        else this.#order(event, now, out)
        break
      case 'submitted':
        this.#pool(event, now, out)
        break
      case 'peer-connected':
      case 'peer-disconnected':
        if (event.type === 'peer-connected') this.#peers.add(event.peer)
        else this.#peers.delete(event.peer)
        this.#pool({ type: 'peers', peers: [...this.#peers].sort() }, now, out)
        this.#order(event, now, out)
        break
      default:
    }
    return out
  }

  #onRead(event: Extract<Event, { type: 'read-done' }>, now: Millis, out: Effect[]): void {
    switch (event.token) {
      case 'app': {
        const value = event.rows[0]?.value
        if (value !== undefined) {
          const reader = new Reader(value)
          this.#executed = reader.u64()
          this.#root = reader.digest()
        }
        const range = { table: appliedTable, from: emptyKey, to: endKey, limit: 1_000_000 }
        out.push({ type: 'read', token: 'app/applied', range })
        return
      }
      case 'app/applied': {
        for (const { key } of event.rows) {
          const reader = new Reader(key)
          this.#applied.add(`${reader.u32()}/${reader.u32()}`)
        }
        const range = { table: tables.commit, from: emptyKey, to: endKey, limit: 1_000_000 }
        out.push({ type: 'read', token: 'app/commits', range })
        return
      }
      case 'app/commits': {
        const { domain, hash } = this.#seat
        for (const { value } of event.rows) {
          if (value === undefined) continue
          const subDag = decodeSubDag(value, domain, hash)
          if (subDag.index > this.#executed) this.#queue.push(subDag)
        }
        this.#isOpen = true
        this.#order({ type: 'started' }, now, out)
        for (const input of this.#held.splice(0)) this.#order(input, now, out)
        this.#want(now, out)
        this.#execute(now, out)
        return
      }
      default:
        this.#order(event, now, out)
    }
  }

  #order(input: OrdererInput<BullsharkMessage>, now: Millis, out: Effect[]): void {
    if (!this.#isOpen) {
      if (input.type !== 'received') this.#held.push(input)
      return
    }
    const effects = this.#orderer.step({ ...input, epoch: this.#orderer.epoch }, now)
    for (const effect of effects) this.#onOrdererEffect(effect, now, out)
  }

  #onOrdererEffect(effect: OrdererEffect<BullsharkMessage>, now: Millis, out: Effect[]): void {
    switch (effect.type) {
      case 'send':
      case 'broadcast':
        out.push({ ...effect, message: { to: 'orderer', message: effect.message } })
        break
      case 'request-payload':
        this.#pool({ ...effect, type: 'take' }, now, out)
        break
      case 'deliver':
        this.#queue.push(effect.subDag)
        this.#execute(now, out)
        break
      case 'want-batches':
        this.#pool({ ...effect, type: 'wanted' }, now, out)
        break
      case 'requeue':
        this.#pool(effect, now, out)
        break
      case 'behind':
      case 'evidence':
        out.push({ type: 'count', name: effect.type, by: 1 })
        break
      default:
        out.push(effect)
    }
  }

  #pool(event: Parameters<Mempool['step']>[0], now: Millis, out: Effect[]): void {
    for (const effect of this.#mempool.step(event, now)) this.#onMempoolEffect(effect, now, out)
  }

  #onMempoolEffect(effect: MempoolEffect, now: Millis, out: Effect[]): void {
    switch (effect.type) {
      case 'send':
      case 'broadcast':
        out.push({ ...effect, message: { to: 'mempool', message: effect.message } })
        break
      case 'payload-waiting':
      case 'payload-offered':
        this.#order(effect, now, out)
        break
      case 'batches-stored':
        this.#order(effect, now, out)
        this.#execute(now, out)
        break
      case 'store-batch':
        this.#fresh.set(effect.batch.digest, effect.batch.bytes)
        out.push(effect)
        break
      default:
        out.push(effect)
    }
  }

  /** Payload of what was ordered before a restart may be missing. */
  #want(now: Millis, out: Effect[]): void {
    const { committee, peer } = this.#seat
    const holders = committee.members.map(member => member.peer).filter(other => other !== peer)
    const batches = this.#queue.flatMap(subDag => subDag.vertices.flatMap(v => v.payload))
    this.#pool({ type: 'wanted', batches, holders }, now, out)
  }

  #execute(now: Millis, out: Effect[]): void {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const payload = next.vertices.flatMap(vertex => vertex.payload)
      const batches = payload.map(
        ({ digest }) => this.#fresh.get(digest) ?? this.#seat.batches.read(digest)
      )
      if (batches.some(batch => batch === undefined)) return
      this.#queue.shift()
      if (next.index !== this.#executed + 1) {
        throw new Error(`commit ${next.index} after ${this.#executed}`)
      }
      this.#apply(next, batches as Uint8Array[], out)
      const digests = payload.map(({ digest }) => digest)
      this.#pool({ type: 'ordered', index: next.index, digests }, now, out)
      this.#order({ type: 'executed', index: next.index }, now, out)
    }
  }

  #apply(subDag: CommittedSubDag, batches: readonly Uint8Array[], out: Effect[]): void {
    const { hash } = this.#seat
    const receipts: Receipt[] = []
    const writer = new Writer(1_024).digest(this.#root).digest(subDag.digest)
    const rows: Uint8Array[] = []
    for (const batch of batches) {
      const reader = new Reader(transactionsOf(batch))
      while (reader.left > 0) {
        const client = reader.u32()
        const sequence = reader.u32()
        const id = `${client}/${sequence}`
        const isApplied = !this.#applied.has(id)
        this.#applied.add(id)
        const key = new Writer(requestBytes).u32(client).u32(sequence).finish()
        if (isApplied) rows.push(key)
        const opened = sequence === 0 ? { session: key } : {}
        receipts.push({ client, sequence, isApplied, ...opened })
        writer.raw(key).u8(isApplied ? 1 : 0)
      }
    }
    this.#executed = subDag.index
    this.#root = digestOf(hash, writer.finish())
    const head = new Writer(40).u64(this.#executed).raw(fromHex(this.#root)).finish()
    const value = indexKey(subDag.index)
    out.push({
      type: 'persist',
      durable: false,
      writes: [
        ...rows.map(key => ({ type: 'put', table: appliedTable, key, value }) as const),
        { type: 'put', table: headTable, key: ascii('head'), value: head }
      ]
    })
    this.#roots.set(subDag.index, this.#root)
    const outcome = { receipts }
    out.push({ type: 'executed', subDag, finality: 'final', outcome })
  }
}

/** Bullshark and its mempool on the wire of the simulator. */
export function thinProtocol(hash: Hash, options: ThinOptions = {}): SimulatedProtocol<ThinTypes> {
  const mempool = mempoolCodec(hash)
  let domain: SigningDomain | undefined
  const orderer = () => bullsharkCodec(domain as SigningDomain, hash)
  return {
    codec: {
      encode: ({ to, message }) => {
        const isOrderer = to === 'orderer'
        const bytes = isOrderer ? orderer().encode(message) : mempool.encode(message)
        return new Writer(bytes.length + 1)
          .u8(isOrderer ? 1 : 0)
          .raw(bytes)
          .finish()
      },
      decode: bytes =>
        bytes[0] === 1
          ? { to: 'orderer', message: orderer().decode(bytes.subarray(1)) }
          : { to: 'mempool', message: mempool.decode(bytes.subarray(1)) }
    },
    make(seat) {
      domain = seat.domain
      return new ThinReplica(options, seat)
    },
    describe: ({ message }) => message.type,
    signedSlots: ({ to, message }) => (to === 'orderer' ? bullsharkSlots(message) : []),
    transaction: (client, sequence) => new Writer(requestBytes).u32(client).u32(sequence).finish(),
    receipts: outcome => outcome.receipts
  }
}
