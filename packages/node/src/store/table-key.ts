import { ascii, assert } from '@novacron/base'

/**
 * Where a table's keys lie in the one database: u8 length of the name | name | key. No table's keys lie between those of
 * another, and within a table they sort as they are.
 */

const prefixes = new Map<string, Uint8Array>()
/** Tables are named in the code, not by users; more would be a mistake. */
const tablesMax = 256

export function prefixOf(table: string): Uint8Array {
  const known = prefixes.get(table)
  if (known !== undefined) return known
  assert(table.length >= 1 && table.length <= 64, `table name of 1 to 64 characters: ${table}`)
  assert(prefixes.size < tablesMax, `at most ${tablesMax} tables`)
  const prefix = Uint8Array.of(table.length, ...ascii(table))
  prefixes.set(table, prefix)
  return prefix
}

export function databaseKey(table: string, key: Uint8Array): Uint8Array {
  const prefix = prefixOf(table)
  const whole = new Uint8Array(prefix.length + key.length)
  whole.set(prefix)
  whole.set(key, prefix.length)
  return whole
}

/** The first possible key after all keys of a table. ASCII names leave room for the carry. */
export function endOfTable(table: string): Uint8Array {
  const end = prefixOf(table).slice()
  end[end.length - 1] = (end.at(-1) as number) + 1
  return end
}
