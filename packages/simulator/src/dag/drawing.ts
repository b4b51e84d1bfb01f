import { assert, type ReplicaId, type Round } from '@novacron/base'
import type { Certificate } from '@novacron/consensus'
import type { DagBuilder } from './builder.ts'

/** One vertex of a drawing, or all of a round: who, and which vertices of the round before. */
interface DrawnVertex {
  /** A letter, or `*` for everybody. */
  readonly author: string
  readonly parents: readonly string[]
}

/** Rounds from 1 on, as written. */
export type DagDrawing = readonly (readonly DrawnVertex[])[]

/**
 * A DAG as text, for tests of the commit rule:
 *
 *     dag`1: *
 *         2: A -> -D1, B -> *, C -> A1 B1 C1
 *         3: *`
 *
 * Rounds on lines of their own (or with `/` between them); vertices with commas between them. `*` is everybody with all
 * parents there are, `B -> *` is B with all, `A -> -D1` is A with all but D's, `C -> A1 B1 C1` names them.
 */
export function dag(text: TemplateStringsArray): DagDrawing {
  const lines = text
    .join('')
    .split(/[\n/]/)
    .map(line => line.trim())
    .filter(line => line !== '')
  return lines.map((line, index) => {
    const [label = '', rest = ''] = line.split(':')
    assert(Number(label) === index + 1, `round ${index + 1} is labelled ${label}`)
    return rest.split(',').map(vertex => parseVertex(vertex.trim()))
  })
}

function parseVertex(text: string): DrawnVertex {
  const [author = '', parents = '*'] = text.split('->').map(part => part.trim())
  assert(/^([A-Z]|\*)$/.test(author), `an author is a letter or *: ${text}`)
  return { author, parents: parents.split(/\s+/).filter(parent => parent !== '') }
}

/** The vertices of a drawing by name (`A1`), in the order of rounds and authors. */
export function buildDag(drawing: DagDrawing, builder: DagBuilder): Map<string, Certificate> {
  const vertices = new Map<string, Certificate>()
  let before: readonly Certificate[] = []
  for (const [index, drawn] of drawing.entries()) {
    const round = (index + 1) as Round
    const current = drawn
      .flatMap(vertex => expand(vertex, builder))
      .map(({ author, parents }) => builder.vertex(round, author, select(parents, before)))
      .sort((a, b) => a.header.author - b.header.author)
    for (const certificate of current) {
      const name = nameOf(certificate)
      assert(!vertices.has(name), `${name} is drawn twice`)
      vertices.set(name, certificate)
    }
    before = current
  }
  return vertices
}

/** Letter of the author and number of the round. */
export function nameOf({ header }: Pick<Certificate, 'header'>): string {
  return `${letterOf(header.author)}${header.round}`
}

export function letterOf(replica: ReplicaId): string {
  return String.fromCharCode('A'.charCodeAt(0) + replica)
}

function expand(
  { author, parents }: DrawnVertex,
  builder: DagBuilder
): { author: ReplicaId; parents: readonly string[] }[] {
  if (author !== '*') {
    return [{ author: builder.replica(author.charCodeAt(0) - 'A'.charCodeAt(0)), parents }]
  }
  return builder.committee.members.map((_, replica) => ({ author: replica as ReplicaId, parents }))
}

function select(names: readonly string[], before: readonly Certificate[]): Certificate[] {
  const find = (name: string) => {
    const found = before.find(certificate => nameOf(certificate) === name)
    assert(found !== undefined, `no vertex ${name} in the round before`)
    return found
  }
  const wanted = names.filter(name => name !== '*' && !name.startsWith('-')).map(find)
  if (wanted.length > 0) return wanted
  const left = new Set(before)
  for (const name of names) if (name.startsWith('-')) left.delete(find(name.slice(1)))
  return [...left]
}
