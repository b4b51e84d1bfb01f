import type { Write } from '@novacron/base'
import type { StateRow } from '../src/index.ts'

/** The store, as far as these tests need one. */
export class Table {
  readonly #rows = new Map<string, StateRow>()

  write(writes: readonly Write[]): void {
    for (const write of writes) {
      if (write.type === 'delete-range') {
        for (const [name, row] of this.#rows) {
          if (row.table !== write.table) continue
          const isIn =
            Buffer.compare(row.key, write.from) >= 0 && Buffer.compare(row.key, write.to) < 0
          if (isIn) this.#rows.delete(name)
        }
        continue
      }
      const name = `${write.table}/${Buffer.from(write.key).toString('hex')}`
      if (write.type === 'delete') this.#rows.delete(name)
      else this.#rows.set(name, { table: write.table, key: write.key, value: write.value.slice() })
    }
  }

  rows(table?: string): StateRow[] {
    return [...this.#rows.values()].filter(row => table === undefined || row.table === table)
  }
}
