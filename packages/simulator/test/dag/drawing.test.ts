import { describe, expect, test } from 'vitest'
import { buildDag, DagBuilder, dag, nameOf } from '../../src/index.ts'
import { sha256 } from '../hash.ts'

const builder = new DagBuilder(4, sha256)
const parentsOf = (vertices: ReturnType<typeof buildDag>, name: string) =>
  vertices
    .get(name)
    ?.header.parents.map(({ author }) => 'ABCD'[author])
    .join('')

describe('a DAG drawn as text', () => {
  test('names all, all but some, or some parents', () => {
    const vertices = buildDag(
      dag`1: *
          2: A -> -D1, B -> *, C -> A1 B1 C1, D
          3: * / 4: B -> -A3`,
      builder
    )
    expect([...vertices.keys()].join(' ')).toBe('A1 B1 C1 D1 A2 B2 C2 D2 A3 B3 C3 D3 B4')
    expect(parentsOf(vertices, 'A1')).toBe('')
    expect(parentsOf(vertices, 'A2')).toBe('ABC')
    expect(parentsOf(vertices, 'B2')).toBe('ABCD')
    expect(parentsOf(vertices, 'C2')).toBe('ABC')
    expect(parentsOf(vertices, 'D2')).toBe('ABCD')
    expect(parentsOf(vertices, 'B4')).toBe('BCD')
    expect([...vertices].every(([name, vertex]) => nameOf(vertex) === name)).toBe(true)
  })

  test.each([
    ['a round out of turn', () => dag`1: * / 3: *`],
    ['an author that is no letter', () => dag`1: AB`],
    ['a parent that is not there', () => buildDag(dag`1: A, B, C / 2: A -> D1`, builder)],
    ['a vertex twice', () => buildDag(dag`1: A, A`, builder)],
    ['an author outside of the committee', () => buildDag(dag`1: E`, builder)]
  ])('refuses %s', (_, draw) => {
    expect(draw).toThrow()
  })
})
