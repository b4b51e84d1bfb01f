import type { BatchReader, Digest, Prng, Write } from '@novacron/base'
import { type Batch, type Read, type Row, tables } from '@novacron/consensus'
import { Checksums, type Damage, flipped } from './damage.ts'
import { Device, type Place, type Tables } from './device.ts'
import { bytesOfKey, keyOf } from './sorted-table.ts'

/** What becomes of writes that are not synced when the power fails. */
export type TailLoss =
  /** All of them are gone. */
  | 'lost'
  /** All of them reached the disk in time. */
  | 'kept'
  /** Each device keeps a first part of its own. */
  | 'partly'
  /** The same, and the record after it was cut in the middle. */
  | 'torn'

/** All of them by name. */
export const tailLosses: readonly TailLoss[] = ['lost', 'kept', 'partly', 'torn']

/** The record of own signatures, the batch files, and the database with everything else. */
export const deviceNames = ['signed', 'batches', 'database'] as const
export type DeviceName = (typeof deviceNames)[number]

/** Positions up to which a sync reaches. */
export type DiskMark = Readonly<Record<DeviceName, number>>

/** A copy of a whole data directory. */
export interface DiskImage {
  readonly devices: Readonly<Record<DeviceName, Tables>>
  readonly hasSignedLog: boolean
}

const batchTable = 'batch'

/** What a store makes sure of before it hands out what it reads. */
export interface DiskOptions {
  /** Payload and database are synced before the promises that rest on them, not beside them. */
  readonly isPromiseLast: boolean
  /** The bytes of a batch are those that were stored under its digest. */
  readonly checkBatches: boolean
  /** The bytes of any other row are those that were written under its key, and a record that a crash cut is left out. */
  readonly checkRows: boolean
}

export const defaultDiskOptions: DiskOptions = {
  isPromiseLast: false,
  checkBatches: true,
  checkRows: true
}

/** Rows written last are read soonest: damage strikes among so many of them in a table. */
const recentRows = 12

/**
 * A node's data directory: the database, the batch files and the record of own signatures, each with a tail of its own that
 * a crash may take. One `persist` is atomic on each of them, not across them.
 */
export class Disk {
  readonly #prng: Prng
  readonly #options: DiskOptions
  readonly #checksums = new Checksums()
  /** Rows that were found damaged and are taken for missing. */
  #refused = 0
  readonly #devices: Readonly<Record<DeviceName, Device>> = {
    signed: new Device(),
    batches: new Device(),
    database: new Device()
  }
  #hasSignedLog = true
  #isFailing = false
  /** Batches that a failed read has put out of the index of this life. */
  readonly #unreadable = new Set<Digest>()

  constructor(prng: Prng, options: Partial<DiskOptions> = {}) {
    this.#prng = prng
    this.#options = { ...defaultDiskOptions, ...options }
  }

  /** As the store of a node: what is damaged is in the index until somebody reads it. */
  readonly batches: BatchReader = {
    has: digest => this.#batch(digest) !== undefined,
    sizeOf: digest => this.#batch(digest)?.length,
    read: digest => this.#readBatch(digest)
  }

  /** Something on it has been damaged since it was empty. */
  get isDamaged(): boolean {
    return this.#checksums.isAny
  }

  /** Rows and batches that were not handed out, since their bytes were others. */
  get refused(): number {
    return this.#refused
  }

  /** False after a wipe until the first record of a signature, or of the recovery before it, is on the disk. */
  get hasSignedLog(): boolean {
    return this.#hasSignedLog
  }

  /** Writes that a crash may take. */
  get unsynced(): number {
    return deviceNames.reduce((sum, name) => sum + this.#devices[name].unsynced, 0)
  }

  write(writes: readonly Write[], isDurable = false): void {
    const { signed, batches, database } = this.#devices
    database.write(writes.filter(write => !isSigned(write)))
    const needs = isDurable && this.#options.isPromiseLast ? [batches.mark, database.mark] : []
    signed.write(writes.filter(isSigned), needs)
  }

  storeBatch(batch: Batch): void {
    this.#unreadable.delete(batch.digest)
    this.#devices.batches.put(batchTable, batch.digest, batch.bytes)
  }

  dropBatches(digests: readonly Digest[]): void {
    this.#devices.batches.delete(batchTable, digests)
  }

  read({ keys = [], range }: Read): Row[] {
    const rows: Row[] = keys.map(({ table, key }) => ({
      table,
      key,
      value: this.get(table, key)
    }))
    if (range === undefined) return rows
    const { table, from, to, limit, reverse = false } = range
    const stored = this.#device(table).table(table)
    if (stored === undefined) return rows
    const found = stored.keys(keyOf(from), keyOf(to))
    if (reverse) found.reverse()
    for (const key of found) {
      if (rows.length === keys.length + limit) break
      const value = this.#intact({ table, key }, stored.get(key))
      // Left out, and not counted towards the limit, like a key that is not there.
      if (value !== undefined) rows.push({ table, key: bytesOfKey(key), value })
    }
    return rows
  }

  get(table: string, key: Uint8Array): Uint8Array | undefined {
    const place = { table, key: keyOf(key) }
    return this.#intact(place, this.#device(table).table(table)?.get(place.key))
  }

  mark(): DiskMark {
    const { signed, batches, database } = this.#devices
    return { signed: signed.mark, batches: batches.mark, database: database.mark }
  }

  /** Everything up to the mark is on the disk. */
  sync(mark: DiskMark): void {
    const unsynced = this.#devices.signed.unsynced
    for (const name of deviceNames) this.#devices[name].sync(mark[name])
    if (this.#devices.signed.unsynced < unsynced) this.#hasSignedLog = true
  }

  crash(loss: TailLoss): void {
    const { signed, batches, database } = this.#devices
    const keptOf = ({ unsynced }: Device) =>
      loss === 'lost' ? 0 : loss === 'kept' ? unsynced : this.#prng.below(unsynced + 1)
    const tear =
      loss === 'torn'
        ? (place: Place, value: Uint8Array) =>
            this.#checksums.keep(value.slice(0, value.length >> 1), place, value)
        : undefined
    const reached = [batches, database].map(device => {
      const kept = keptOf(device)
      const position = device.mark - device.unsynced + kept
      device.crash(kept, [], tear)
      return position
    })
    signed.crash(keptOf(signed), reached, tear)
    if ((signed.table(tables.signed)?.size ?? 0) > 0) this.#hasSignedLog = true
  }

  /**
   * What a store does first in a new life: a record that a crash has cut is cut off, and a record of signatures of which a
   * part cannot be read counts as lost.
   */
  open(): void {
    const { signed, batches, database } = this.#devices
    const { checkRows, checkBatches } = this.#options
    this.#unreadable.clear()
    if (checkRows) for (const device of [signed, database]) device.cutTornTail()
    if (checkBatches) batches.cutTornTail()
    if (!checkRows) return
    for (const place of signed.places()) {
      const value = signed.table(place.table)?.get(place.key)
      if (value !== undefined && !this.#checksums.holds(place, value)) this.#hasSignedLog = false
    }
  }

  /** Reads of payload fail, which is as if it were not there; other reads end the node, see `SimulatedNode.failDisk`. */
  failReads(isFailing: boolean): void {
    this.#isFailing = isFailing
  }

  /** Bytes of so many rows are no longer those that were written there. */
  damage(damage: Damage, name: DeviceName, count: number): void {
    for (let done = 0; done < count; done++) this.#damageOne(damage, this.#devices[name])
  }

  /**
   * The newest batches are gone. Kept for old scenarios: a disk that damages something gives other bytes, see `damage`.
   */
  dropNewestBatches(count: number): void {
    const { batches } = this.#devices
    const keys = batches.table(batchTable)?.keys('', '\uffff') ?? []
    batches.delete(batchTable, keys.slice(-count))
    batches.sync(batches.mark)
  }

  /** What the operator does about a database that cannot be read: it goes with its payload, the record of signatures stays. */
  discardDatabase(): void {
    for (const name of ['batches', 'database'] as const) this.#devices[name].restore(new Map())
  }

  image(): DiskImage {
    const { signed, batches, database } = this.#devices
    return {
      devices: { signed: signed.image(), batches: batches.image(), database: database.image() },
      hasSignedLog: this.#hasSignedLog
    }
  }

  restore(image: DiskImage): void {
    for (const name of deviceNames) this.#devices[name].restore(image.devices[name])
    this.#hasSignedLog = image.hasSignedLog
  }

  /** Everything is gone but the keys. */
  wipe(): void {
    for (const name of deviceNames) this.#devices[name].restore(new Map())
    this.#hasSignedLog = false
  }

  #batch(digest: Digest): Uint8Array | undefined {
    if (this.#unreadable.has(digest)) return undefined
    return this.#devices.batches.table(batchTable)?.get(digest)
  }

  #readBatch(digest: Digest): Uint8Array | undefined {
    const { batches } = this.#devices
    const value = this.#batch(digest)
    if (this.#isFailing) {
      if (value !== undefined) this.#unreadable.add(digest)
      return undefined
    }
    const place = { table: batchTable, key: digest }
    if (value === undefined || !this.#options.checkBatches) return value
    if (this.#checksums.holds(place, value)) return value
    this.#refused++
    batches.damage(place, undefined)
    return undefined
  }

  #intact(place: Place, value: Uint8Array | undefined): Uint8Array | undefined {
    if (value === undefined || !this.#options.checkRows) return value
    if (this.#checksums.holds(place, value)) return value
    this.#refused++
    return undefined
  }

  #damageOne(damage: Damage, device: Device): void {
    const [from, to] = this.#pickPlaces(device)
    const value = from === undefined ? undefined : device.table(from.table)?.get(from.key)
    if (from === undefined || value === undefined || value.length === 0) return
    if (damage === 'bit-flip') {
      device.damage(from, this.#checksums.keep(flipped(value, this.#prng), from, value))
      return
    }
    // It reached the wrong place, and never its own.
    if (to === undefined) return
    device.damage(to, this.#checksums.keep(value.slice(), from, value))
    device.damage(from, undefined)
  }

  /** Two rows of one table, among those written last. */
  #pickPlaces(device: Device): [Place | undefined, Place | undefined] {
    const byTable = new Map<string, Place[]>()
    for (const place of device.places()) {
      const places = byTable.get(place.table)
      if (places === undefined) byTable.set(place.table, [place])
      else places.push(place)
    }
    if (byTable.size === 0) return [undefined, undefined]
    const places = this.#prng.pick([...byTable.values()]).slice(-recentRows)
    const [from, to] = this.#prng.shuffle(places)
    return [from, to]
  }

  #device(table: string): Device {
    return table === tables.signed ? this.#devices.signed : this.#devices.database
  }
}

function isSigned({ table }: Write): boolean {
  return table === tables.signed
}
