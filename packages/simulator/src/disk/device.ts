import { unreachable, type Write } from '@novacron/base'
import { keyOf, SortedTable } from './sorted-table.ts'

/** What stood in a row before it was written; undefined for nothing. */
interface Before {
  readonly table: string
  readonly key: string
  readonly value: Uint8Array | undefined
}

interface Pending {
  /** How to take the group back, in the order of its writes. */
  readonly before: readonly Before[]
  readonly needs: readonly number[]
}

/** Tables of one device, as they are on it. */
export type Tables = Map<string, SortedTable>

/**
 * One file system object with a tail of writes that are not synced: a process sees all of them at once, a crash keeps some
 * first part of them. Each group is kept or lost as a whole.
 */
export class Device {
  #live: Tables = new Map()
  readonly #pending: Pending[] = []
  /** Groups that have become durable; `#pending` starts after them. */
  #synced = 0

  /** Position after everything written so far. */
  get mark(): number {
    return this.#synced + this.#pending.length
  }

  get unsynced(): number {
    return this.#pending.length
  }

  table(name: string): SortedTable | undefined {
    return this.#live.get(name)
  }

  /** `needs` are positions of other devices without which the group cannot have reached this one. */
  write(group: readonly Write[], needs: readonly number[] = []): void {
    if (group.length === 0) return
    this.#pending.push({ before: apply(this.#live, group), needs })
  }

  /** A group of one row, by its key as text. */
  put(table: string, key: string, value: Uint8Array): void {
    const rows = tableOf(this.#live, table)
    this.#pending.push({ before: [{ table, key, value: rows.put(key, value) }], needs: [] })
  }

  /** A group of rows, by their keys as text. */
  delete(table: string, keys: readonly string[]): void {
    const rows = tableOf(this.#live, table)
    this.#pending.push({
      before: keys.map(key => ({ table, key, value: rows.get(key) })),
      needs: []
    })
    for (const key of keys) rows.delete(key)
  }

  /** Everything up to `mark` is safe from now on. */
  sync(mark: number): void {
    const count = Math.min(this.#pending.length, Math.max(0, mark - this.#synced))
    this.#pending.splice(0, count)
    this.#synced += count
  }

  /**
   * The machine stops: of the groups that are not synced the first `kept` survive, as far as what the other devices `reached`
   * lets them.
   */
  crash(kept: number, reached: readonly number[] = []): void {
    const refused = this.#pending.findIndex(({ needs }) =>
      needs.some((position, device) => position > (reached[device] ?? position))
    )
    this.sync(this.#synced + (refused === -1 ? kept : Math.min(kept, refused)))
    this.#synced += this.#pending.length
    takeBack(this.#live, this.#pending)
    this.#pending.length = 0
  }

  /** What a backup taken now would hold: the durable part. */
  image(): Tables {
    const image = copyOf(this.#live)
    takeBack(image, this.#pending)
    return image
  }

  /** Puts an image in the place of everything. */
  restore(image: Tables): void {
    this.#synced += this.#pending.length
    this.#pending.length = 0
    this.#live = copyOf(image)
  }
}

function copyOf(tables: Tables): Tables {
  return new Map([...tables].map(([name, table]) => [name, table.copy()]))
}

function tableOf(tables: Tables, name: string): SortedTable {
  let rows = tables.get(name)
  if (rows === undefined) {
    rows = new SortedTable()
    tables.set(name, rows)
  }
  return rows
}

function apply(tables: Tables, group: readonly Write[]): Before[] {
  const before: Before[] = []
  for (const write of group) {
    const { table } = write
    const rows = tableOf(tables, table)
    switch (write.type) {
      case 'put': {
        const key = keyOf(write.key)
        before.push({ table, key, value: rows.put(key, write.value) })
        break
      }
      case 'delete': {
        const key = keyOf(write.key)
        before.push({ table, key, value: rows.get(key) })
        rows.delete(key)
        break
      }
      case 'delete-range': {
        const from = keyOf(write.from)
        const to = keyOf(write.to)
        for (const key of rows.keys(from, to)) before.push({ table, key, value: rows.get(key) })
        rows.deleteRange(from, to)
        break
      }
      default:
        unreachable(write)
    }
  }
  return before
}

function takeBack(tables: Tables, groups: readonly Pending[]): void {
  for (const { before } of groups.toReversed()) {
    for (const { table, key, value } of before.toReversed()) {
      if (value === undefined) tables.get(table)?.delete(key)
      else tables.get(table)?.put(key, value)
    }
  }
}
