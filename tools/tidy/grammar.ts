import { isNode, placeOf, type SourceFile, type SyntaxNode, visit } from './source-file.ts'

const bannedNodes: Readonly<Record<string, string>> = {
  TSEnumDeclaration: 'enum',
  TSModuleDeclaration: 'namespace',
  TSParameterProperty: 'parameter property'
}

/** Syntax that Node cannot strip, and default exports, which have no name to search for. Declarations leave no code. */
export function grammarFaults(file: SourceFile): string[] {
  if (file.path.endsWith('.d.ts')) return []
  const faults: string[] = []
  visit(file.program, node => {
    const banned = bannedNodes[node.type]
    const isTypeOnly = node['declare'] === true
    if (banned !== undefined && !isTypeOnly) faults.push(`${placeOf(file, node)}: ${banned}`)
    if (node.type === 'ExportDefaultDeclaration' && !file.path.endsWith('.config.ts')) {
      faults.push(`${placeOf(file, node)}: default export`)
    }
  })
  return faults
}

/** An exported class says what it is; an exported `...Options` says it as a whole or member by member. */
export function docstringFaults(file: SourceFile): string[] {
  const faults: string[] = []
  visit(file.program, node => {
    const declaration = node['declaration']
    if (node.type !== 'ExportNamedDeclaration' || !isNode(declaration)) return
    const name = isNode(declaration['id']) ? String(declaration['id']['name']) : ''
    const isPublicShape =
      declaration.type === 'ClassDeclaration' ||
      (declaration.type === 'TSInterfaceDeclaration' && name.endsWith('Options'))
    if (isPublicShape && !hasDocstring(file, node) && !isDocumentedInside(file, declaration)) {
      faults.push(`${placeOf(file, node)}: ${name} has no docstring`)
    }
  })
  return faults
}

function hasDocstring(file: SourceFile, node: SyntaxNode): boolean {
  return file.comments.some(
    comment =>
      comment.value.startsWith('*') &&
      comment.end <= node.start &&
      file.text.slice(comment.end, node.start).trim() === ''
  )
}

function isDocumentedInside(file: SourceFile, declaration: SyntaxNode): boolean {
  const body = declaration['body']
  if (declaration.type !== 'TSInterfaceDeclaration' || !isNode(body)) return false
  const members = body['body']
  if (!Array.isArray(members) || members.length === 0) return false
  return members.filter(isNode).every(member => hasDocstring(file, member))
}
