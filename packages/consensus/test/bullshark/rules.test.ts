import { describe, expect, test } from 'vitest'
import {
  type BullsharkRules,
  bullsharkRules,
  type Committee,
  type Dag,
  reaches,
  voteWeight
} from '../../src/index.ts'
import { at, committeeOf, four, replica, round, Sketch, slots } from '../fixtures.ts'

/** Anchors of rounds 2, 4, 6, 8 stand at replicas 1, 2, 3, 0. */
const leaderOf = (r: number) => replica((r / 2) % 4)
const rules: BullsharkRules = bullsharkRules
const start = round(0)

function direct(dag: Dag, after = start): string[] {
  const anchor = rules.directAnchor(dag, leaderOf, after)
  return anchor === undefined ? [] : slots([anchor])
}

describe('Algorithm 2, direct commit: f+1 vertices of the next round vote for the anchor', () => {
  test.each([
    { votes: 1, expected: [] },
    { votes: 2, expected: ['2/1'] },
    { votes: 3, expected: ['2/1'] }
  ])('$votes of 4 replicas', ({ votes, expected }) => {
    const sketch = new Sketch().full(1, 2)
    for (const author of [0, 1, 2]) {
      sketch.add(3, author, author < votes ? [0, 1, 2] : [0, 2, 3])
    }
    expect(direct(sketch.dag())).toEqual(expected)
  })

  test.each([
    { name: 'weight f', voters: [1, 2], expected: [] },
    { name: 'weight f+1', voters: [1, 2, 3], expected: ['2/1'] },
    { name: 'one heavy voter', voters: [0], expected: ['2/1'] }
  ])('by weight: $name', ({ voters, expected }) => {
    // Total 7, f = 2.
    const sketch = new Sketch(committeeOf(4, 1, 1, 1)).full(1, 2)
    for (const author of [0, 1, 2, 3]) {
      sketch.add(3, author, voters.includes(author) ? undefined : [0, 2, 3])
    }
    expect(direct(sketch.dag())).toEqual(expected)
  })

  test('an anchor that is not there is passed over, one that is ordered is not seen again', () => {
    const sketch = new Sketch().full(1, 1).full(2, 2, [0, 2, 3]).full(3, 5)
    const dag = sketch.dag()
    expect(direct(dag)).toEqual(['4/2'])
    expect(direct(dag, round(4))).toEqual([])
    expect(direct(dag, round(3))).toEqual(['4/2'])
  })

  test('the lowest comes first; the newest round cannot hold votes yet', () => {
    const sketch = new Sketch().full(1, 7)
    expect(direct(sketch.dag())).toEqual(['2/1'])
    expect(direct(sketch.dag(), round(2))).toEqual(['4/2'])
    expect(direct(sketch.dag(2))).toEqual([])
  })
})

/** Round 2's anchor has one vote, from `voter`; round 4's is committed, and links to `linked` of round 3. */
function lateAnchor(linked: readonly number[]): Sketch {
  const sketch = new Sketch().full(1, 2)
  sketch.add(3, 0, [0, 1, 2])
  for (const author of [1, 2, 3]) sketch.add(3, author, [0, 2, 3])
  for (const author of [0, 1, 3]) sketch.add(4, author)
  sketch.add(4, 2, linked)
  return sketch.full(5, 5)
}

function chainOf(dag: Dag, r = 4, after = start): string[] {
  const anchor = dag.at(round(r), leaderOf(r))!
  return slots(rules.anchorChain(dag, leaderOf, after, anchor))
}

describe('Algorithm 2, order_vertices: indirect commit through a later anchor, oldest first', () => {
  test('an anchor without votes of its own is ordered when a later one reaches it', () => {
    const dag = lateAnchor([0, 1, 2]).dag()
    expect(direct(dag)).toEqual(['4/2'])
    expect(chainOf(dag)).toEqual(['4/2', '2/1'])
  })

  test('it is skipped when no path leads to it', () => {
    const dag = lateAnchor([1, 2, 3]).dag()
    expect(direct(dag)).toEqual(['4/2'])
    expect(chainOf(dag)).toEqual(['4/2'])
  })

  test('the walk ends above what is ordered', () => {
    expect(chainOf(lateAnchor([0, 1, 2]).dag(), 4, round(2))).toEqual(['4/2'])
  })

  test('the walk goes on from the last kept anchor, not from the direct one', () => {
    // 6/3 reaches 2/1 only around 4/2, which it reaches too and which does not reach 2/1.
    const sketch = lateAnchor([1, 2, 3])
    for (const author of [0, 1, 2, 3]) sketch.add(6, author)
    const dag = sketch.full(7, 7).dag()
    expect(reaches(dag, sketch.at(6, 3), sketch.at(2, 1))).toBe(true)
    expect(chainOf(dag, 6)).toEqual(['6/3', '4/2'])
  })

  test('only the oldest is ordered before the rules are asked again', () => {
    const sketch = lateAnchor([0, 1, 2])
    const chain = [sketch.at(4, 2), sketch.at(2, 1)]
    expect(slots(rules.anchorsToOrder(chain))).toEqual(['2/1'])
  })
})

describe('section 3, path: strong edges, one round at a time', () => {
  const sketch = lateAnchor([1, 2, 3])
  const dag = sketch.dag()
  test.each([
    { from: [4, 0], to: [2, 1], expected: true },
    { from: [4, 2], to: [2, 1], expected: false },
    { from: [3, 0], to: [2, 1], expected: true },
    { from: [2, 1], to: [2, 1], expected: true },
    { from: [2, 0], to: [2, 1], expected: false },
    { from: [2, 1], to: [4, 0], expected: false }
  ])('from $from to $to: $expected', ({ from, to, expected }) => {
    const [fromRound, fromAuthor] = from as [number, number]
    const [toRound, toAuthor] = to as [number, number]
    expect(reaches(dag, sketch.at(fromRound, fromAuthor), sketch.at(toRound, toAuthor))).toBe(
      expected
    )
  })
})

describe('causal history', () => {
  const history = (sketch: Sketch, dag: Dag, r: number, author: number, floor = 0) =>
    slots(rules.history(dag, sketch.at(r, author), round(floor)))

  test('ascends by round and author, the anchor alone in its round', () => {
    const sketch = new Sketch().full(1, 2)
    expect(history(sketch, sketch.dag(), 2, 1)).toEqual(['1/0', '1/1', '1/2', '1/3', '2/1'])
  })

  test('holds what no commit has ordered: vertices of a skipped anchor come with a later one', () => {
    const sketch = lateAnchor([1, 2, 3]).full(6, 7)
    const dag = sketch.dag()
    for (const { header, digest } of rules.history(dag, sketch.at(4, 2), round(0))) {
      dag.markCommitted({ round: header.round, author: header.author, digest })
    }
    expect(dag.isCommitted(round(2), replica(1))).toBe(false)
    const later = history(sketch, dag, 6, 3)
    expect(later).toContain('2/1')
    expect(later).not.toContain('2/0')
    expect(later.indexOf('2/1')).toBe(0)
  })

  test.each([
    { floor: 0, lowest: '1/0', count: 9 },
    { floor: 1, lowest: '2/0', count: 5 },
    { floor: 2, lowest: '3/1', count: 1 },
    { floor: 9, lowest: '3/1', count: 1 }
  ])('stops above the floor: $floor', ({ floor, lowest, count }) => {
    const sketch = new Sketch().full(1, 3)
    const found = history(sketch, sketch.dag(), 3, 1, floor)
    expect([found[0], found.length]).toEqual([lowest, count])
  })

  test('what is collected is not looked for', () => {
    const sketch = new Sketch().full(1, 3)
    const dag = sketch.dag()
    dag.collect(round(1))
    expect(history(sketch, dag, 3, 1)).toEqual(['2/0', '2/1', '2/2', '2/3', '3/1'])
  })
})

test.each([
  { anchorRound: 4, depth: 4, expected: 0 },
  { anchorRound: 6, depth: 4, expected: 2 },
  { anchorRound: 2, depth: 50, expected: 0 }
])('the floor of $anchorRound with depth $depth is $expected', entry => {
  // Never by the highest round that happens to be here.
  for (const highest of [0, 1_000]) {
    expect(rules.gcRound(round(entry.anchorRound), entry.depth, round(highest))).toBe(
      entry.expected
    )
  }
})

describe('may the next round open without the timer', () => {
  const ready = (dag: Dag, r: number, self = 3) =>
    rules.isReady(dag, round(r), leaderOf, replica(self))

  test('rounds 0 and 1 wait for nobody', () => {
    expect([ready(new Sketch().dag(), 0), ready(new Sketch().full(1, 1).dag(), 1)]).toEqual([
      true,
      true
    ])
  })

  test('an anchor round waits for its anchor', () => {
    const sketch = new Sketch().full(1, 1).full(2, 2, [0, 2, 3])
    expect(ready(sketch.dag(), 2)).toBe(false)
    sketch.add(2, 1)
    expect(ready(sketch.dag(), 2)).toBe(true)
  })

  test.each([
    { name: 'no votes of 3: a quorum says no', yes: 0, no: 3, expected: true },
    { name: 'f+1 votes', yes: 2, no: 1, expected: true },
    { name: 'f votes, less than a quorum against', yes: 1, no: 2, expected: false },
    { name: 'f votes, a quorum against', yes: 1, no: 3, expected: true }
  ])('a vote round: $name', ({ yes, no, expected }) => {
    const sketch = new Sketch().full(1, 2)
    for (let author = 0; author < yes + no; author++) {
      sketch.add(3, author, author < yes ? [0, 1, 2] : [0, 2, 3])
    }
    expect(ready(sketch.dag(), 3)).toBe(expected)
    // The leader of the next round does not wait for votes.
    expect(ready(sketch.dag(), 3, 2)).toBe(true)
  })

  test('a vote round does not wait for votes on an anchor that nobody has seen', () => {
    const sketch = new Sketch().full(1, 1).full(2, 2, [0, 2, 3]).full(3, 3, [0, 2, 3])
    expect(ready(sketch.dag(), 3)).toBe(true)
  })
})

describe('the timestamp of a commit', () => {
  const stamp = (committee: Committee, times: readonly number[], before = 0) => {
    const sketch = new Sketch(committee, (_, author) => ({ createdAt: at(times[author]!) }))
    const dag = sketch.full(1, 1).dag()
    return rules.timestamp(dag, dag.round(round(1)), at(before))
  }
  test.each([
    { name: 'a liar ahead moves nothing', weights: [1, 1, 1, 1], times: [100, 110, 120, 9e15] },
    { name: 'a liar behind moves nothing', weights: [1, 1, 1, 1], times: [0, 110, 120, 130] },
    { name: 'weights count', weights: [1, 1, 4, 1], times: [0, 100, 110, 900] }
  ])('$name', ({ weights, times }) => {
    expect(stamp(committeeOf(...weights), times)).toBe(110)
  })

  test('never goes back, and is the one before when there is nothing', () => {
    expect(stamp(four, [100, 110, 120, 130], 500)).toBe(500)
    expect(rules.timestamp(new Sketch().dag(), [], at(7))).toBe(7)
  })
})

test('votes are counted once for each vertex of the next round', () => {
  const sketch = new Sketch().full(1, 3)
  expect(voteWeight(sketch.dag(), sketch.at(2, 1))).toBe(4)
  expect(voteWeight(sketch.dag(), sketch.at(3, 1))).toBe(0)
})
