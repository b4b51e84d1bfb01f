import { type BatchReader, type Digest, toHex, type Write } from '@novacron/base'
import type { Read, Row } from '@novacron/consensus'

/** Tables and batches in memory, as a driver keeps them on disk. */
export class MemoryStore implements BatchReader {
  readonly batches: Map<Digest, Uint8Array>
  readonly #tables: Map<string, Map<string, Row>>

  constructor(from?: MemoryStore) {
    this.batches = new Map(from?.batches)
    this.#tables = new Map([...(from === undefined ? [] : from.#tables)].map(copyOf))
  }

  has(digest: Digest): boolean {
    return this.batches.has(digest)
  }

  sizeOf(digest: Digest): number | undefined {
    return this.batches.get(digest)?.length
  }

  read(digest: Digest): Uint8Array | undefined {
    return this.batches.get(digest)
  }

  write(writes: readonly Write[]): void {
    for (const write of writes) {
      const table = this.#table(write.table)
      if (write.type === 'put') {
        // Copied: the writer may use its buffer again.
        const value = write.value.slice()
        table.set(toHex(write.key), { table: write.table, key: write.key.slice(), value })
      } else if (write.type === 'delete') table.delete(toHex(write.key))
      else {
        const [from, to] = [toHex(write.from), toHex(write.to)]
        for (const key of table.keys()) if (key >= from && key < to) table.delete(key)
      }
    }
  }

  rowsOf({ keys = [], range }: Read): Row[] {
    const rows = keys.map(
      ({ table, key }) => this.#table(table).get(toHex(key)) ?? { table, key, value: undefined }
    )
    if (range === undefined) return rows
    const [from, to] = [toHex(range.from), toHex(range.to)]
    const found = [...this.#table(range.table)].filter(([key]) => key >= from && key < to)
    found.sort(([a], [b]) => (a < b ? -1 : 1))
    if (range.reverse === true) found.reverse()
    return [...rows, ...found.slice(0, range.limit).map(([, row]) => row)]
  }

  rows(table: string): Row[] {
    return [...this.#table(table).values()]
  }

  #table(name: string): Map<string, Row> {
    const table = this.#tables.get(name) ?? new Map<string, Row>()
    this.#tables.set(name, table)
    return table
  }
}

function copyOf([name, rows]: [string, Map<string, Row>]): [string, Map<string, Row>] {
  return [name, new Map(rows)]
}
