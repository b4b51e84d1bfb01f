/** Rows of text under a head, columns aligned; numbers to the right. */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[]
): string[] {
  const cells = [head, ...rows.map(row => row.map(String))]
  const widths = head.map((_, column) => Math.max(...cells.map(row => row[column]?.length ?? 0)))
  const isNumeric = head.map((_, column) => rows.every(row => isNumber(row[column])))
  return cells.map(row =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return isNumeric[column] ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  )
}

function isNumber(cell: string | number | undefined): boolean {
  return typeof cell === 'number' || cell === '-' || /^[\d.]+$/.test(cell ?? '')
}
