import type { Digest, Round } from '@novacron/base'
import { type CommittedSubDag, genesisCommitDigest } from '@novacron/consensus'
import type { Report } from './violation.ts'

/**
 * All logs are prefixes of one: the same commit and the same state at every index, chained by digests, each vertex once. A
 * replica that comes back may run commits again, and one that took a snapshot may leave some out.
 */
export class AgreementChecker {
  readonly #report: Report
  readonly #log: Digest[] = []
  /** Roots of the state by index, for those that are a checkpoint's. */
  readonly #roots = new Map<number, string>()
  readonly #slots = new Set<string>()
  /** Highest index run at each place, in all its lives, and in this one. */
  readonly #highest: number[]
  readonly #current: number[]

  constructor(places: number, report: Report) {
    this.#report = report
    this.#highest = new Array<number>(places).fill(0)
    this.#current = new Array<number>(places).fill(0)
  }

  /** Commits that any replica has run. */
  get head(): number {
    return this.#log.length
  }

  /** Highest index that the place has run in this life. */
  indexOf(place: number): number {
    return this.#current[place] as number
  }

  highestOf(place: number): number {
    return this.#highest[place] as number
  }

  started(place: number): void {
    this.#current[place] = 0
  }

  /** True when nobody has run this index before. */
  executed(place: number, subDag: CommittedSubDag): boolean {
    const { index, digest } = subDag
    if (index <= this.indexOf(place)) {
      this.#report({
        verdict: 'duplicated',
        facts: `place ${place} ran commit ${index} after ${this.indexOf(place)}`
      })
    }
    this.#current[place] = index
    this.#highest[place] = Math.max(this.highestOf(place), index)
    const known = this.#log[index - 1]
    if (known !== undefined) {
      if (known !== digest) {
        this.#report({
          verdict: 'diverged',
          facts: `place ${place}: commit ${index} is ${digest}, the log has ${known}`
        })
      }
      return false
    }
    const previous = this.#log.at(-1) ?? genesisCommitDigest
    if (index !== this.#log.length + 1 || subDag.previous !== previous) {
      this.#report({
        verdict: 'diverged',
        facts: `place ${place}: commit ${index} does not follow the log of ${this.#log.length}`
      })
      return false
    }
    this.#log.push(digest)
    this.#checkVertices(place, subDag)
    return true
  }

  /** A checkpoint of the place says what the state after a commit is. */
  hasState(place: number, index: number, root: string): void {
    const known = this.#roots.get(index)
    if (known === undefined) this.#roots.set(index, root)
    else if (known !== root) {
      this.#report({
        verdict: 'diverged',
        facts: `place ${place}: state after ${index} is ${root}, others have ${known}`
      })
    }
  }

  #checkVertices(place: number, { index, vertices, anchor }: CommittedSubDag): void {
    let before = { round: -1 as Round, author: -1 }
    for (const { round, author } of vertices) {
      const slot = `${round}/${author}`
      const isAscending = before.round < round || (before.round === round && before.author < author)
      if (this.#slots.has(slot) || !isAscending) {
        this.#report({
          verdict: 'duplicated',
          facts: `place ${place}: commit ${index} orders vertex ${slot} again or out of order`
        })
      }
      this.#slots.add(slot)
      before = { round, author }
    }
    if (before.round !== anchor.round) {
      this.#report({
        verdict: 'diverged',
        facts: `place ${place}: commit ${index} does not end in its anchor's round`
      })
    }
  }
}
