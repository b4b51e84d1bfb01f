import { parseSync } from 'vite'

/** One node of the ESTree that the parser gives; only what the rules look at is named. */
export interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

export interface SourceComment {
  readonly value: string
  readonly start: number
  readonly end: number
}

/** A TypeScript file of the project: where it lies, what it says, and its syntax tree. */
export interface SourceFile {
  /** Relative to the root of the repository, with forward slashes. */
  readonly path: string
  readonly text: string
  readonly program: SyntaxNode
  readonly comments: readonly SourceComment[]
}

/** @throws {SyntaxError} when the text does not parse. */
export function parseSource(path: string, text: string): SourceFile {
  const { program, comments, errors } = parseSync(path, text, { sourceType: 'module' })
  const error = errors[0]
  if (error !== undefined) throw new SyntaxError(`${path}: ${error.message}`)
  return { path, text, program: program as unknown as SyntaxNode, comments }
}

/** Calls `look` for `node` and everything below it, parents first. */
export function visit(node: SyntaxNode, look: (node: SyntaxNode) => void): void {
  look(node)
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) visit(child, look)
    }
  }
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}

/** 1 for the first line. */
export function lineOf(file: SourceFile, offset: number): number {
  return countLines(file.text.slice(0, offset))
}

/** Lines of a text; the newline that ends the last one starts no other. */
export function countLines(text: string): number {
  return text.split('\n').length
}

/** How a rule names a place: `path:line`. */
export function placeOf(file: SourceFile, node: SyntaxNode): string {
  return `${file.path}:${lineOf(file, node.start)}`
}

/** Every module that the file imports or re-exports, also by `import()`. */
export function importsOf(file: SourceFile): { specifier: string; place: string }[] {
  const found: { specifier: string; place: string }[] = []
  visit(file.program, node => {
    const source = node['source']
    if (isNode(source) && typeof source['value'] === 'string') {
      found.push({ specifier: source['value'], place: placeOf(file, node) })
    }
  })
  return found
}
