import { type Digest, Fault, type Write } from '@novacron/base'
import { copyOfWrite, OrderedTable, sizeOfWrite } from './ordered-table.ts'
import { copyOfBytes } from './own-bytes.ts'
import type { BatchStore, Entry, RangeOptions, Store, StoreState, StoreStats } from './store.ts'
import type { StoreFacts } from './store-fault.ts'

/** One change that is lost in a crash until a flush has made it durable. */
type Change =
  | { readonly type: 'writes'; readonly writes: readonly Write[] }
  | { readonly type: 'append'; readonly digest: Digest; readonly bytes: Uint8Array }
  | { readonly type: 'drop'; readonly digests: readonly Digest[] }

/** Everything a disk would hold. */
class Image {
  readonly tables = new Map<string, OrderedTable>()
  readonly batches = new Map<Digest, Uint8Array>()

  table(name: string): OrderedTable {
    let table = this.tables.get(name)
    if (table === undefined) {
      table = new OrderedTable()
      this.tables.set(name, table)
    }
    return table
  }

  apply(change: Change): void {
    if (change.type === 'writes') {
      for (const write of change.writes) this.table(write.table).apply(write)
    } else if (change.type === 'append') {
      this.batches.set(change.digest, change.bytes)
    } else {
      for (const digest of change.digests) this.batches.delete(digest)
    }
  }
}

/**
 * The store without a disk, for tests and simulation. It keeps the same promises and no more: writes are readable after
 * `settle`, and `crash` forgets all that no resolved `flush` covers, as a disk may after a power cut.
 */
export class MemoryStore implements Store {
  readonly batches: BatchStore
  #view = new Image()
  #durable = new Image()
  /** Writes that are not yet readable, and what is not yet durable. */
  #unreadable: Change[] = []
  #unsynced: Change[] = []
  #state: StoreState = 'open'
  #life = 0
  #flushCount = 0

  constructor() {
    this.batches = this.#makeBatches()
  }

  write(writes: readonly Write[]): void {
    if (this.#state !== 'open' || writes.length === 0) return
    const change: Change = { type: 'writes', writes: writes.map(copyOfWrite) }
    this.#unreadable.push(change)
    this.#unsynced.push(change)
  }

  async flush(): Promise<void> {
    const life = this.#life
    const covered = [...this.#unsynced]
    await Promise.resolve()
    this.#checkAlive(life)
    // Another flush may have made some of them durable meanwhile.
    const waiting = new Set(this.#unsynced)
    for (const change of covered) {
      if (waiting.delete(change)) this.#durable.apply(change)
    }
    this.#unsynced = [...waiting]
    this.#flushCount += 1
  }

  async settle(): Promise<void> {
    const life = this.#life
    await Promise.resolve()
    this.#checkAlive(life)
    for (const change of this.#unreadable) this.#view.apply(change)
    this.#unreadable = []
  }

  async get(table: string, key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#view.table(table).get(key)
  }

  async *range(table: string, options: RangeOptions = {}): AsyncGenerator<Entry> {
    yield* this.#view.table(table).range(options)
  }

  /** Drops everything that no resolved flush covers. A flush in flight rejects with `store-crashed`. */
  crash(): void {
    this.#life += 1
    this.#unreadable = []
    this.#unsynced = []
    const survivor = new Image()
    for (const [name, table] of this.#durable.tables) {
      for (const [key, value] of table.entries()) {
        survivor.table(name).apply({ type: 'put', table: name, key, value })
      }
    }
    for (const [digest, bytes] of this.#durable.batches) survivor.batches.set(digest, bytes)
    this.#view = survivor
    this.#state = 'open'
  }

  async retry(appendFirst: () => boolean = () => true): Promise<boolean> {
    return this.#state === 'open' && appendFirst()
  }

  stats(): StoreStats {
    let databaseBytes = 0
    for (const table of this.#durable.tables.values()) databaseBytes += table.bytes
    const queued = this.#unsynced.flatMap(change => (change.type === 'writes' ? change.writes : []))
    return {
      state: this.#state,
      databaseBytes,
      segmentBytes: this.batches.bytes,
      segmentCount: 0,
      journalBytes: 0,
      diskBytes: databaseBytes + this.batches.bytes,
      diskFreeBytes: undefined,
      batchCount: this.batches.count,
      batchBytes: this.batches.bytes,
      damagedCount: 0,
      flushCount: this.#flushCount,
      flushMsLast: 0,
      queuedBytes: queued.reduce((sum, write) => sum + sizeOfWrite(write), 0)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'open') await this.flush()
    this.#state = 'closed'
  }

  #checkAlive(life: number): void {
    if (this.#life !== life) throw new Fault<StoreFacts>({ code: 'store-crashed' })
    if (this.#state !== 'open') throw new Fault<StoreFacts>({ code: 'store-closed' })
  }

  #makeBatches(): BatchStore {
    const view = (): Map<Digest, Uint8Array> => this.#view.batches
    // Appends and drops are visible at once, as in segment files.
    const change = (change: Change): void => {
      if (this.#state !== 'open') throw new Fault<StoreFacts>({ code: 'store-closed' })
      this.#view.apply(change)
      this.#unsynced.push(change)
    }
    return {
      append: (digest, bytes) => {
        if (!view().has(digest)) change({ type: 'append', digest, bytes: copyOfBytes(bytes) })
      },
      drop: digests => change({ type: 'drop', digests: [...digests] }),
      has: digest => view().has(digest),
      sizeOf: digest => view().get(digest)?.length,
      read: digest => view().get(digest),
      digests: () => [...view().keys()],
      get count() {
        return view().size
      },
      get bytes() {
        let bytes = 0
        for (const batch of view().values()) bytes += batch.length
        return bytes
      }
    }
  }
}
