import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Session, sessionWindow } from '../../src/index.ts'

/** What a session means, with memory for everything. */
class Model {
  readonly #seen = new Set<number>()

  get contiguous(): number {
    let sequence = 0
    while (this.#seen.has(sequence + 1)) sequence++
    return sequence
  }

  accept(sequence: number): string {
    if (this.#seen.has(sequence)) return 'duplicate'
    if (sequence > this.contiguous + sessionWindow) return 'window-exceeded'
    this.#seen.add(sequence)
    return 'ok'
  }
}

/** Steps relative to the contiguous sequence, so that runs, gaps and both ends of the window are all common. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant(1) },
  { weight: 3, arbitrary: fc.integer({ min: -3, max: 6 }) },
  { weight: 2, arbitrary: fc.integer({ min: sessionWindow - 2, max: sessionWindow + 2 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 * sessionWindow }) }
)

test('a session answers like a set that remembers everything, also after being stored', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(step, fc.boolean()), { maxLength: 150 }), steps => {
      const model = new Model()
      let session = new Session(undefined, 0, 0)
      for (const [offset, isStored] of steps) {
        const sequence = Math.max(1, session.contiguous + offset)
        const checked = session.check(sequence)
        const answer = session.accept(sequence)
        expect(answer).toBe(model.accept(sequence))
        expect(checked).toBe(answer)
        expect(session.contiguous).toBe(model.contiguous)
        if (isStored) {
          const encoded = session.encode()
          session = Session.decode(encoded)
          expect(session.encode()).toEqual(encoded)
        }
      }
    }),
    { numRuns: 200 }
  )
})

test('in whatever order a window arrives, everything is taken once and the encoding is the same', () => {
  const permutation = fc.shuffledSubarray(
    Array.from({ length: 60 }, (_, i) => i + 1),
    { minLength: 60 }
  )
  fc.assert(
    fc.property(permutation, order => {
      const session = new Session(undefined, 5, 5)
      for (const sequence of order) expect(session.accept(sequence)).toBe('ok')
      for (const sequence of order) expect(session.accept(sequence)).toBe('duplicate')
      const straight = new Session(undefined, 5, 5)
      for (let sequence = 1; sequence <= 60; sequence++) straight.accept(sequence)
      expect(session.encode()).toEqual(straight.encode())
    })
  )
})
