import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { compareBytes, Fault, toHex } from '@novacron/base'
import { Level } from 'level'
import { noteDroppedWrites, refuseDamaged } from './dropped-writes.ts'
import { type Operation, openValue } from './operation.ts'
import { isInRange } from './ordered-table.ts'
import { plainBytes } from './own-bytes.ts'
import type { Entry, RangeOptions } from './store.ts'
import { type StoreFacts, toStoreFault } from './store-fault.ts'
import { type DamagedTable, damagedTables, discard, putBack, setAside } from './table-check.ts'
import { databaseKey, endOfTable, prefixOf } from './table-key.ts'

interface DatabaseOptions {
  readonly path: string
  readonly writeBufferBytes: number
  readonly blockCacheBytes: number
}

interface DatabaseNeeds {
  readonly onDamage: (table: string, key: string) => void
}

const openFilesMax = 256
const tableFileBytes = 16 * 1024 * 1024

/** All tables but `signed`, in one LevelDB. */
export class Database {
  readonly #options: DatabaseOptions
  readonly #needs: DatabaseNeeds
  #level: Level<Uint8Array, Uint8Array>
  /** While it runs there is nothing to read from; reads wait. */
  #reopening: Promise<void> | undefined

  static async open(options: DatabaseOptions, needs: DatabaseNeeds): Promise<Database> {
    // Not at a reopening, of which a full disk has one a second: table files never change once they are written.
    return new Database(options, needs, await openLevel(options, await damagedTables(options.path)))
  }

  private constructor(
    options: DatabaseOptions,
    needs: DatabaseNeeds,
    level: Level<Uint8Array, Uint8Array>
  ) {
    this.#options = options
    this.#needs = needs
    this.#level = level
  }

  /**
   * Applies all operations as one atomic and durable write. Always with `sync`: LevelDB does not sync a log file that it
   * closes when its memory table is full, so a later synced write would not cover an earlier one that was not.
   */
  async apply(operations: readonly Operation[]): Promise<void> {
    if (operations.length === 0) return
    await this.#level.batch(await this.#expand(operations), { sync: true })
  }

  async get(table: string, key: Uint8Array): Promise<Uint8Array | undefined> {
    const whole = databaseKey(table, key)
    await this.#reopened()
    const sealed = await this.#guard(() => this.#level.get(whole))
    if (sealed === undefined) return undefined
    const value = openValue(whole, sealed)
    if (value === undefined) this.#needs.onDamage(table, toHex(key))
    return value
  }

  /**
   * A consistent view as of the first step, or as of a reopening: nothing is written around one. Damaged records are left out and
   * do not count towards the limit.
   */
  async *range(table: string, options: RangeOptions = {}): AsyncGenerator<Entry> {
    const { from, to, limit = Number.POSITIVE_INFINITY, reverse = false } = options
    const prefixLength = prefixOf(table).length
    const gte = from === undefined ? prefixOf(table) : databaseKey(table, from)
    const lt = to === undefined ? endOfTable(table) : databaseKey(table, to)
    // An inverted range is empty for us and an error for nobody.
    if (limit <= 0 || compareBytes(gte, lt) >= 0) return
    let count = 0
    for await (const [whole, sealed] of this.#entries({ gte, lt, reverse })) {
      const key = plainBytes(whole.subarray(prefixLength))
      const value = openValue(whole, sealed)
      if (value === undefined) {
        this.#needs.onDamage(table, toHex(key))
        continue
      }
      yield [key, value]
      count += 1
      if (count >= limit) return
    }
  }

  /** Goes on after the last entry when the database was opened anew meanwhile. */
  async *#entries({ gte, lt, reverse }: Bounds): AsyncGenerator<Entry> {
    let last: Uint8Array | undefined
    for (;;) {
      await this.#reopened()
      const level = this.#level
      const left = last === undefined ? { gte, lt } : reverse ? { gte, lt: last } : { gt: last, lt }
      const iterator = level.iterator({ ...left, reverse })
      try {
        for (;;) {
          const entry = await iterator.next()
          if (entry === undefined) return
          last = entry[0]
          yield entry
        }
      } catch (error) {
        if (this.#reopening === undefined && this.#level === level) {
          throw toStoreFault(error, this.#options.path)
        }
      } finally {
        await iterator.close()
      }
    }
  }

  async #reopened(): Promise<void> {
    // Its failure is told to whoever asked for it.
    await this.#reopening?.catch(() => undefined)
  }

  /** A failed write leaves LevelDB's log and state in doubt; opening anew makes it recover from what is durable. */
  reopen(): Promise<void> {
    const reopening = this.#openAnew().finally(() => {
      this.#reopening = undefined
    })
    this.#reopening = reopening
    return reopening
  }

  async #openAnew(): Promise<void> {
    await this.#level.close()
    this.#level = await openLevel(this.#options)
  }

  async close(): Promise<void> {
    await this.#level.close()
  }

  /** Sum of the files of the database. */
  async fileBytes(): Promise<number> {
    let bytes = 0
    for (const name of await readdir(this.#options.path)) {
      // LevelDB removes files meanwhile.
      const found = await stat(join(this.#options.path, name)).catch(() => undefined)
      bytes += found?.size ?? 0
    }
    return bytes
  }

  /** Turns range removals into removals of the keys that are there or were put earlier in the same write. */
  async #expand(operations: readonly Operation[]): Promise<PlainOperation[]> {
    const plain: PlainOperation[] = []
    for (const operation of operations) {
      if (operation.type !== 'del-range') {
        plain.push(operation)
        continue
      }
      const { from, to } = operation
      if (compareBytes(from, to) >= 0) continue
      const queued = plain.filter(({ key }) => isInRange(key, from, to))
      for (const { key } of queued) plain.push({ type: 'del', key })
      const stored = await this.#level.keys({ gte: from, lt: to }).all()
      for (const key of stored) plain.push({ type: 'del', key })
    }
    return plain
  }

  async #guard<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      throw toStoreFault(error, this.#options.path)
    }
  }
}

interface Bounds {
  readonly gte: Uint8Array
  readonly lt: Uint8Array
  readonly reverse: boolean
}

type PlainOperation = Exclude<Operation, { readonly type: 'del-range' }>

async function openLevel(
  options: DatabaseOptions,
  damaged: readonly DamagedTable[] = []
): Promise<Level<Uint8Array, Uint8Array>> {
  const { path, writeBufferBytes, blockCacheBytes } = options
  // Before there is anything of LevelDB, which opens by itself.
  refuseDamaged(path)
  const level = new Level<Uint8Array, Uint8Array>(path, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    compression: false,
    writeBufferSize: writeBufferBytes,
    cacheSize: blockCacheBytes,
    maxOpenFiles: openFilesMax,
    maxFileSize: tableFileBytes
  })
  setAside(damaged)
  try {
    await level.open()
  } catch (error) {
    putBack(damaged)
    const fault = toStoreFault(error, path)
    if (fault.code === 'disk-full') throw fault
    const [table] = damaged
    if (table !== undefined) throw new Fault<StoreFacts>({ code: 'bad-file', ...table })
    const reason = 'reason' in fault.facts ? fault.facts.reason : fault.message
    throw new Fault<StoreFacts>({ code: 'bad-file', path, reason }, { cause: error })
  }
  discard(damaged)
  if (noteDroppedWrites(path)) {
    await level.close()
    refuseDamaged(path)
  }
  return level
}
