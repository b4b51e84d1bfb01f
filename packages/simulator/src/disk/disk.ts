import type { BatchReader, Digest, Prng, Write } from '@novacron/base'
import { type Batch, type Read, type Row, tables } from '@novacron/consensus'
import { Device, type Tables } from './device.ts'
import { bytesOfKey, keyOf } from './sorted-table.ts'

/** What becomes of writes that are not synced when the power fails. */
export type TailLoss =
  /** All of them are gone. */
  | 'lost'
  /** All of them reached the disk in time. */
  | 'kept'
  /** Each device keeps a first part of its own. */
  | 'partly'

const deviceNames = ['signed', 'batches', 'database'] as const
type DeviceName = (typeof deviceNames)[number]

/** Positions up to which a sync reaches. */
export type DiskMark = Readonly<Record<DeviceName, number>>

/** A copy of a whole data directory. */
export interface DiskImage {
  readonly devices: Readonly<Record<DeviceName, Tables>>
  readonly hasSignedLog: boolean
}

const batchTable = 'batch'

/**
 * A node's data directory: the database, the batch files and the record of own signatures, each with a tail of its own that
 * a crash may take. One `persist` is atomic on each of them, not across them.
 */
export class Disk {
  readonly #prng: Prng
  readonly #isPromiseLast: boolean
  readonly #devices: Readonly<Record<DeviceName, Device>> = {
    signed: new Device(),
    batches: new Device(),
    database: new Device()
  }
  #hasSignedLog = true

  /** `isPromiseLast`: the store syncs payload and database before the promises that rest on them, not beside them. */
  constructor(prng: Prng, isPromiseLast = false) {
    this.#prng = prng
    this.#isPromiseLast = isPromiseLast
  }

  readonly batches: BatchReader = {
    has: digest => this.#batch(digest) !== undefined,
    read: digest => this.#batch(digest)
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
    const needs = isDurable && this.#isPromiseLast ? [batches.mark, database.mark] : []
    signed.write(writes.filter(isSigned), needs)
  }

  storeBatch(batch: Batch): void {
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
    const chosen = reverse ? found.reverse().slice(0, limit) : found.slice(0, limit)
    for (const key of chosen) rows.push({ table, key: bytesOfKey(key), value: stored.get(key) })
    return rows
  }

  get(table: string, key: Uint8Array): Uint8Array | undefined {
    return this.#device(table).table(table)?.get(keyOf(key))
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
    const reached = [batches, database].map(device => {
      const kept = keptOf(device)
      const position = device.mark - device.unsynced + kept
      device.crash(kept)
      return position
    })
    signed.crash(keptOf(signed), reached)
    if ((signed.table(tables.signed)?.size ?? 0) > 0) this.#hasSignedLog = true
  }

  /**
   * The newest batches' bytes are no longer those of their digests. The store reads what it checks, so to the replica they
   * are not there.
   */
  damageBatches(count: number): void {
    const { batches } = this.#devices
    const keys = batches.table(batchTable)?.keys('', '\uffff') ?? []
    batches.delete(batchTable, keys.slice(-count))
    batches.sync(batches.mark)
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
    return this.#devices.batches.table(batchTable)?.get(digest)
  }

  #device(table: string): Device {
    return table === tables.signed ? this.#devices.signed : this.#devices.database
  }
}

function isSigned({ table }: Write): boolean {
  return table === tables.signed
}
