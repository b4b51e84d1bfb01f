import { basename } from 'node:path'
import { commandFault } from '../command-fault.ts'
import { readWholeFile } from '../read-input.ts'
import { countOf } from '../settings.ts'

const fileBytesMax = 64_000_000
const hostsMax = 4_096
/** Longer than that is no distance but an outage. */
const roundTripMsMax = 60_000

/**
 * Round trips between hosts, in milliseconds: a square with a row for each host.
 *
 * JSON      `{"data": {"host": {"host": ms}}}` as cloudping.co gives it, the same without `data`, or a list of lists
 * text      numbers separated by commas, semicolons, tabs or blanks; `SeattleData_*` has seconds, as its makers say
 * throws    Fault<CommandFacts> that names the file, row and column (from 1, or by their names) and what is allowed
 */
export async function readLatencyMatrix(path: string): Promise<readonly (readonly number[])[]> {
  const bytes = await readWholeFile(path, fileBytesMax, 'in a latency matrix; take fewer hosts')
  return parseLatencyMatrix(Buffer.from(bytes).toString('utf8'), path)
}

export function parseLatencyMatrix(text: string, path: string): readonly (readonly number[])[] {
  const matrix = /^\s*[[{]/.test(text) ? ofJson(text, path) : ofText(text, path)
  const { length } = matrix
  if (length === 0) throw wrong(path, 'has no row; give round trips in milliseconds')
  if (length > hostsMax) throw wrong(path, `has ${length} hosts, allowed are ${hostsMax}`)
  for (const [row, cells] of matrix.entries()) {
    if (cells.length === length) continue
    throw wrong(
      path,
      `row ${row + 1} has ${countOf(cells.length, 'column')}, the file has ${countOf(length, 'row')}; give a square`
    )
  }
  return matrix
}

function ofText(text: string, path: string): number[][] {
  const lines = text.split(/\r?\n/).filter(line => line.trim() !== '')
  const separator = [',', ';', '\t'].find(each => text.includes(each)) ?? /\s+/
  const unitMs = basename(path).startsWith('SeattleData_') ? 1_000 : 1
  return lines.map((line, row) =>
    line
      .trim()
      .split(separator)
      .map((cell, column) =>
        toMs(cell.trim() === '' ? undefined : Number(cell) * unitMs, cell.trim(), {
          path,
          row: String(row + 1),
          column: String(column + 1)
        })
      )
  )
}

type Named = Readonly<Record<string, Readonly<Record<string, unknown>>>>

function ofJson(text: string, path: string): number[][] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw wrong(path, `is not JSON (${(error as Error).message}); give JSON, CSV or TSV`)
  }
  const rows = isRecord(json) && isRecord(json['data']) ? json['data'] : json
  if (Array.isArray(rows)) {
    return rows.map((cells: unknown, row) => {
      if (!Array.isArray(cells)) throw wrong(path, `row ${row + 1} is not a list of numbers`)
      return cells.map((cell: unknown, column) =>
        toMs(cell, String(cell), { path, row: String(row + 1), column: String(column + 1) })
      )
    })
  }
  return ofNames(rows as Named, path)
}

/** Hosts by their names in alphabetical order: that of the file says nothing. */
function ofNames(rows: Named, path: string): number[][] {
  const names = Object.keys(rows).sort()
  return names.map(row => {
    const cells = rows[row]
    if (!isRecord(cells)) throw wrong(path, `row ${row} is not an object of numbers`)
    return names.map(column => {
      const cell = cells[column] ?? (row === column ? 0 : undefined)
      return toMs(cell, JSON.stringify(cell) ?? '', { path, row, column })
    })
  })
}

interface Position {
  readonly path: string
  readonly row: string
  readonly column: string
}

function toMs(value: unknown, found: string, { path, row, column }: Position): number {
  if (typeof value === 'number' && value >= 0 && value <= roundTripMsMax) return value
  const what = found === '' ? 'is missing' : `is ${found}`
  throw wrong(
    path,
    `row ${row}, column ${column} ${what}; give a round trip from 0 to ${roundTripMsMax} ms`
  )
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(path: string, problem: string): Error {
  return commandFault('failed', `${path}: ${problem}`)
}
