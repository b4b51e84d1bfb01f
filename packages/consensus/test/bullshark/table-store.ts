import { compareBytes, toHex, type Write } from '@novacron/base'
import type { Read, Row } from '../../src/index.ts'

/** Tables in memory, as a driver keeps them: puts, deletes, and reads by key or range. */
export class TableStore {
  readonly #rows = new Map<string, Row>()

  perform(writes: readonly Write[]): void {
    for (const write of writes) {
      if (write.type === 'delete-range') {
        for (const row of this.#between(write.table, write.from, write.to)) this.#delete(row)
      } else if (write.type === 'put') {
        this.#rows.set(nameOf(write), write)
      } else {
        this.#delete(write)
      }
    }
  }

  read({ keys = [], range }: Read): Row[] {
    const found = keys.map(key => this.#rows.get(nameOf(key)) ?? { ...key, value: undefined })
    if (range === undefined) return found
    const rows = this.#between(range.table, range.from, range.to)
    if (range.reverse === true) rows.reverse()
    return [...found, ...rows.slice(0, range.limit)]
  }

  /** Loses one row, as a disk may. */
  lose(table: string, key: Uint8Array): void {
    this.#delete({ table, key })
  }

  /** Loses a whole table. */
  wipe(table: string): void {
    for (const row of this.rows(table)) this.#delete(row)
  }

  /** Rows of one table, ascending by key. */
  rows(table: string): Row[] {
    return [...this.#rows.values()]
      .filter(row => row.table === table)
      .sort((a, b) => compareBytes(a.key, b.key))
  }

  copy(): TableStore {
    const copied = new TableStore()
    for (const [name, row] of this.#rows) copied.#rows.set(name, row)
    return copied
  }

  #between(table: string, from: Uint8Array, to: Uint8Array): Row[] {
    return this.rows(table).filter(
      row => compareBytes(row.key, from) >= 0 && compareBytes(row.key, to) < 0
    )
  }

  #delete(row: { readonly table: string; readonly key: Uint8Array }): void {
    this.#rows.delete(nameOf(row))
  }
}

function nameOf({ table, key }: { readonly table: string; readonly key: Uint8Array }): string {
  return `${table}/${toHex(key)}`
}
