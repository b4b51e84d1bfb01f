import type { ReplicaId, Round } from '@novacron/base'
import type { Certificate } from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import {
  buildDag,
  DagBuilder,
  type DagDrawing,
  DagObserver,
  dag,
  letterOf,
  nameOf
} from '../../src/index.ts'
import { sha256 } from '../hash.ts'

const builder = new DagBuilder(4, sha256)
const leaders = new DagObserver({}, { builder }).orderer
const leader = (round: number) => letterOf(leaders.leaderOf(round as Round))

/** Writes `L` for the leader of round 2, and `X`, `Y`, `Z` for the others. */
function cast(text: string): DagDrawing {
  const others = ['A', 'B', 'C', 'D'].filter(letter => letter !== leader(2))
  const [x = '', y = '', z = ''] = others
  const roles: Record<string, string> = { L: leader(2), X: x, Y: y, Z: z }
  const played = text.replace(/[LXYZ]/g, role => roles[role] as string)
  return dag([played] as unknown as TemplateStringsArray)
}

function follow(certificates: Iterable<Certificate>) {
  const observer = new DagObserver({}, { builder })
  for (const certificate of certificates) observer.give(certificate)
  return observer.commits.map(({ anchor, vertices }) => ({
    anchor: `${letterOf(anchor.author)}${anchor.round}`,
    vertices: vertices.map(v => `${letterOf(v.author)}${v.round}`).join(' ')
  }))
}

describe('the commit rule', () => {
  test('an anchor that everybody links to is committed as soon as f+1 votes are there', () => {
    const vertices = [...buildDag(dag`1: * / 2: * / 3: *`, builder).values()]
    expect(follow(vertices.slice(0, 9))).toEqual([])
    const [commit] = follow(vertices.slice(0, 10))
    expect(commit?.anchor).toBe(`${leader(2)}2`)
    expect(commit?.vertices).toBe(`A1 B1 C1 D1 ${leader(2)}2`)
  })

  test('one vote is not enough, two are', () => {
    const text = (y: string) => `1: * / 2: * / 3: L -> *, X -> -L2, Y -> ${y}, Z -> -L2`
    expect(follow(buildDag(cast(text('-L2')), builder).values())).toEqual([])
    expect(follow(buildDag(cast(text('*')), builder).values())).toHaveLength(1)
  })

  test('a leader that is dead is skipped, and the next anchor orders what it left', () => {
    const drawing = cast('1: * / 2: X, Y, Z / 3: * / 4: * / 5: *')
    const commits = follow(buildDag(drawing, builder).values())
    expect(commits).toHaveLength(1)
    expect(commits[0]?.anchor).toBe(`${leader(4)}4`)
    expect(commits[0]?.vertices.split(' ')).toHaveLength(4 + 3 + 4 + 1)
  })

  test('an anchor with one link is committed by the next that reaches it, and before it', () => {
    const drawing = cast('1: * / 2: * / 3: L -> *, X -> -L2, Y -> -L2, Z -> -L2 / 4: * / 5: *')
    const commits = follow(buildDag(drawing, builder).values())
    expect(commits.map(({ anchor }) => anchor)).toEqual([`${leader(2)}2`, `${leader(4)}4`])
  })

  test('an anchor that the next one does not reach is never committed', () => {
    const drawing = cast('1: * / 2: * / 3: X -> -L2, Y -> -L2, Z -> -L2 / 4: * / 5: *')
    const commits = follow(buildDag(drawing, builder).values())
    expect(commits.map(({ anchor }) => anchor)).toEqual([`${leader(4)}4`])
    expect(commits[0]?.vertices).not.toContain(`${leader(2)}2`)
  })

  test('what is heard before its parents waits for them; what is heard twice changes nothing', () => {
    const vertices = [...buildDag(dag`1: * / 2: * / 3: *`, builder).values()]
    expect(follow([...vertices].reverse())).toEqual(follow(vertices))
    expect(follow([...vertices, ...vertices])).toEqual(follow(vertices))
  })
})

test('a drawn vertex carries valid signatures', () => {
  const [first] = buildDag(dag`1: *`, builder).values()
  const signed = builder.signedHeader(first!)
  const orderer = new DagObserver({}, { builder }).orderer
  expect(orderer.signaturesOf({ type: 'certificate', certificate: first! })).toHaveLength(3)
  expect(signed.signature).toHaveLength(64)
  expect(nameOf(first!)).toBe('A1')
  expect(builder.replica(3)).toBe(3 as ReplicaId)
})
