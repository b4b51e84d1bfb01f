import {
  importsOf,
  isNode,
  placeOf,
  type SourceFile,
  type SyntaxNode,
  visit
} from './source-file.ts'

const purePackages = ['base', 'consensus', 'execution', 'replica', 'simulator']
const pureSource = new RegExp(`^packages/(${purePackages.join('|')})/src/`)
const impureGlobals = new Set([
  'Date',
  'Promise',
  'Intl',
  'performance',
  'process',
  'globalThis',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'fetch'
])

/** Pure packages compute at once from what they are given: no clock, chance, promise, platform or locale. */
export function purityFaults(file: SourceFile): string[] {
  if (!pureSource.test(file.path)) return []
  const faults = importsOf(file)
    .filter(({ specifier }) => specifier.startsWith('node:'))
    .map(({ specifier, place }) => `${place}: ${specifier}`)
  const names = new Set<SyntaxNode>()
  visit(file.program, node => {
    for (const name of namesIn(node)) names.add(name)
    const fault = faultOf(node, names)
    if (fault !== undefined) faults.push(`${placeOf(file, node)}: ${fault}`)
  })
  return faults
}

/** Identifiers that name a member rather than a variable: `event.process`, `{ Date: 1 }`, a method `fetch`. */
function namesIn(node: SyntaxNode): SyntaxNode[] {
  if (node['computed'] === true || node['shorthand'] === true) return []
  return [node['property'], node['key']].filter(isNode)
}

function faultOf(node: SyntaxNode, names: ReadonlySet<SyntaxNode>): string | undefined {
  if (node['async'] === true) return 'async function'
  if (node.type === 'AwaitExpression') return 'await'
  if (node.type === 'ForOfStatement' && node['await'] === true) return 'for await'
  if (node.type === 'MemberExpression') return faultOfMember(node)
  const name = node['name']
  if (node.type !== 'Identifier' || names.has(node) || typeof name !== 'string') return undefined
  return impureGlobals.has(name) ? name : undefined
}

function faultOfMember(node: SyntaxNode): string | undefined {
  const { object, property } = node
  if (!isNode(object) || !isNode(property)) return undefined
  const member = property['name']
  if (object['name'] === 'Math' && member === 'random') return 'Math.random'
  return typeof member === 'string' && /^toLocale[A-Z]/.test(member) ? member : undefined
}
