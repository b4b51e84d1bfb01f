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

/** A row of a device, by the name of its table and its key as text. */
export interface Place {
  readonly table: string
  readonly key: string
}

/**
 * One file system object with a tail of writes that are not synced: a process sees all of them at once, a crash keeps some
 * first part of them. Each group is kept or lost as a whole.
 */
export class Device {
  #live: Tables = new Map()
  readonly #pending: Pending[] = []
  /** Groups that have become durable; `#pending` starts after them. */
  #synced = 0
  /** How to take back the record that a crash cut in the middle. */
  #torn: readonly Before[] = []

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
   * lets them. With `tear`, the next one is cut in the middle: its rows are there up to one that `tear` makes of its bytes.
   */
  crash(
    kept: number,
    reached: readonly number[] = [],
    tear?: (place: Place, value: Uint8Array) => Uint8Array
  ): void {
    const refused = this.#pending.findIndex(({ needs }) =>
      needs.some((position, device) => position > (reached[device] ?? position))
    )
    const isRefused = refused !== -1 && refused <= kept
    this.sync(this.#synced + (isRefused ? refused : kept))
    this.#synced += this.#pending.length
    const [first, ...others] = this.#pending.splice(0)
    takeBack(this.#live, others)
    if (first === undefined) return
    // Nothing of a group that must wait for others has been written yet.
    if (tear === undefined || isRefused) return takeBack(this.#live, [first])
    this.#tear(first, tear)
  }

  /** The store finds the record that was cut, and cuts the rest of it off. */
  cutTornTail(): boolean {
    const isTorn = this.#torn.length > 0
    takeBack(this.#live, [{ before: this.#torn, needs: [] }])
    this.#torn = []
    return isTorn
  }

  /** All rows, those written last at the end of each table. */
  *places(): Generator<Place> {
    for (const [table, rows] of this.#live) for (const key of rows.written()) yield { table, key }
  }

  /** Bytes change under whoever wrote them; undefined for a row that is gone. No sync covers it, and no crash takes it back. */
  damage({ table, key }: Place, value: Uint8Array | undefined): void {
    const rows = tableOf(this.#live, table)
    if (value === undefined) rows.delete(key)
    else rows.put(key, value)
  }

  #tear(group: Pending, tear: (place: Place, value: Uint8Array) => Uint8Array): void {
    const written = group.before.map(({ table, key }) => this.#live.get(table)?.get(key))
    takeBack(this.#live, [group])
    const cut = Math.floor(group.before.length / 2)
    this.#torn = group.before.slice(0, cut + 1)
    for (const [at, place] of this.#torn.entries()) {
      const value = written[at]
      this.damage(place, at === cut && value !== undefined ? tear(place, value) : value)
    }
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
    this.#torn = []
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
