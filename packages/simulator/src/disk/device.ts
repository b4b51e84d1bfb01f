import { unreachable, type Write } from '@novacron/base'
import { keyOf, SortedTable } from './sorted-table.ts'

interface Pending {
  readonly group: readonly Write[]
  readonly needs: number
}

/** Tables of one device, as they are on it. */
export type Tables = Map<string, SortedTable>

/**
 * One file system object with a tail of writes that are not synced: a process sees all of them at once, a crash keeps some
 * first part of them. Each group is kept or lost as a whole.
 */
export class Device {
  #durable: Tables = new Map()
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

  /** `needs` is a position of another device without which the group cannot have reached this one. */
  write(group: readonly Write[], needs = 0): void {
    if (group.length === 0) return
    apply(this.#live, group)
    this.#pending.push({ group, needs })
  }

  /** Everything up to `mark` is safe from now on. */
  sync(mark: number): void {
    const count = Math.min(this.#pending.length, Math.max(0, mark - this.#synced))
    for (const { group } of this.#pending.splice(0, count)) apply(this.#durable, group)
    this.#synced += count
  }

  /** The machine stops: of the groups that are not synced the first `kept` survive, as far as `reached` lets them. */
  crash(kept: number, reached: number = Number.MAX_SAFE_INTEGER): void {
    const refused = this.#pending.findIndex(({ needs }) => needs > reached)
    this.sync(this.#synced + (refused === -1 ? kept : Math.min(kept, refused)))
    this.#synced += this.#pending.length
    this.#pending.length = 0
    this.#live = copyOf(this.#durable)
  }

  /** What a backup taken now would hold: the durable part. */
  image(): Tables {
    return copyOf(this.#durable)
  }

  /** Puts an image in the place of everything. */
  restore(image: Tables): void {
    this.#synced += this.#pending.length
    this.#pending.length = 0
    this.#durable = copyOf(image)
    this.#live = copyOf(image)
  }
}

function copyOf(tables: Tables): Tables {
  return new Map([...tables].map(([name, table]) => [name, table.copy()]))
}

function apply(tables: Tables, group: readonly Write[]): void {
  for (const write of group) {
    let table = tables.get(write.table)
    if (table === undefined) {
      table = new SortedTable()
      tables.set(write.table, table)
    }
    switch (write.type) {
      case 'put':
        table.put(keyOf(write.key), write.value)
        break
      case 'delete':
        table.delete(keyOf(write.key))
        break
      case 'delete-range':
        table.deleteRange(keyOf(write.from), keyOf(write.to))
        break
      default:
        unreachable(write)
    }
  }
}
