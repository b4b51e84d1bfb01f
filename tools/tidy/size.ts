import { countLines, placeOf, type SourceFile, visit } from './source-file.ts'

export const fileLinesMax = 500
/** `main.ts` of an app starts what the tests call elsewhere: it alone is outside of the coverage. */
export const mainLinesMax = 20
export const functionLinesMax = 70
export const medianLinesMax = 150

const functionTypes = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']

/** Long files everywhere; long functions in sources and tools, since a test's `describe` is one too. */
export function sizeFaults(file: SourceFile): string[] {
  const lines = countLines(file.text.trimEnd())
  const linesMax = /^apps\/[^/]+\/src\/main\.ts$/.test(file.path) ? mainLinesMax : fileLinesMax
  const faults = lines > linesMax ? [`${file.path}: ${lines} lines, at most ${linesMax}`] : []
  if (file.path.includes('/test/') || file.path.endsWith('.test.ts')) return faults
  visit(file.program, node => {
    if (!functionTypes.includes(node.type)) return
    const length = countLines(file.text.slice(node.start, node.end))
    if (length <= functionLinesMax) return
    faults.push(
      `${placeOf(file, node)}: a function of ${length} lines, at most ${functionLinesMax}`
    )
  })
  return faults
}

export function medianFaults(files: readonly SourceFile[]): string[] {
  const lengths = files.map(file => countLines(file.text.trimEnd())).sort((a, b) => a - b)
  const median = lengths[Math.floor(lengths.length / 2)] ?? 0
  return median > medianLinesMax
    ? [`the median file has ${median} lines, at most ${medianLinesMax}`]
    : []
}
