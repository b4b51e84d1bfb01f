import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Certificate, Dag } from '../../src/index.ts'
import { batch, certify, four, header, replica, round, slots } from '../fixtures.ts'

type Action =
  | { readonly type: 'insert' | 'commit'; readonly round: number; readonly author: number }
  | { readonly type: 'collect'; readonly round: number }

const roundsMax = 6

/** Vertices whose author is odd carry payload. */
const vertices = new Map<string, Certificate>()
for (let r = 1; r <= roundsMax; r++) {
  for (let author = 0; author < four.size; author++) {
    const payload = author % 2 === 1 ? [batch(`${r}/${author}`)] : []
    const value = header({ round: round(r), author: replica(author), payload })
    vertices.set(`${r}/${author}`, certify(value, [0, 1, 2]))
  }
}

const places = {
  round: fc.integer({ min: 1, max: roundsMax }),
  author: fc.integer({ min: 0, max: 3 })
}
const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant('insert' as const), ...places }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('commit' as const), ...places }) },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant('collect' as const), round: places.round })
    }
  ),
  { maxLength: 60 }
)

/** The same bookkeeping by sets of slots, counted anew each time. */
class Model {
  readonly present = new Set<string>()
  readonly committed = new Set<string>()
  gcRound = 0

  apply(action: Action): boolean {
    if (action.type !== 'collect' && action.round <= this.gcRound) return false
    if (action.type === 'insert') this.present.add(`${action.round}/${action.author}`)
    else if (action.type === 'commit') this.committed.add(`${action.round}/${action.author}`)
    else this.#collect(action.round)
    return true
  }

  #collect(upTo: number): void {
    this.gcRound = Math.max(this.gcRound, upTo)
    for (const set of [this.present, this.committed]) {
      for (const slot of set) if (Number(slot.split('/')[0]) <= this.gcRound) set.delete(slot)
    }
  }

  get uncommittedPayloadCount(): number {
    const carries = (slot: string) => (vertices.get(slot)?.header.payload.length ?? 0) > 0
    return [...this.present].filter(slot => carries(slot) && !this.committed.has(slot)).length
  }
}

test('inserts, marks and collections in any order agree with a naive model', () => {
  fc.assert(
    fc.property(actions, list => {
      const dag = new Dag(four)
      const model = new Model()
      for (const action of list) {
        if (!model.apply(action)) continue
        if (action.type === 'collect') dag.collect(round(action.round))
        else if (action.type === 'commit') {
          const { header, digest } = vertices.get(`${action.round}/${action.author}`)!
          dag.markCommitted({ round: header.round, author: header.author, digest })
        } else dag.insert(vertices.get(`${action.round}/${action.author}`)!)
        expect(dag.uncommittedPayloadCount).toBe(model.uncommittedPayloadCount)
      }
      const held = dag.rounds().flatMap(r => slots(dag.round(r)))
      expect(held).toEqual([...model.present].sort())
      expect(dag.size).toBe(model.present.size)
      for (const slot of vertices.keys()) {
        const [r, a] = slot.split('/').map(Number) as [number, number]
        expect(dag.isCommitted(round(r), replica(a))).toBe(model.committed.has(slot))
      }
      for (let r = 1; r <= roundsMax; r++) {
        expect(dag.weightAt(round(r))).toBe(dag.round(round(r)).length)
      }
    }),
    { numRuns: 200 }
  )
})
