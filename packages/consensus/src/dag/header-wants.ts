import type { Digest, ReplicaId, Round } from '@novacron/base'

/**
 * What headers without a certificate name and is not here. Such things may not exist at all, so only those of the newest
 * header of each author count: a liar has as much looked for as anybody else, however many headers it signs.
 */
export class HeaderWants {
  readonly #byAuthor = new Map<ReplicaId, { round: Round; digests: ReadonlySet<Digest> }>()
  readonly #counts = new Map<Digest, number>()

  /** Is it named by the header of anybody that counts? */
  has(digest: Digest): boolean {
    return this.#counts.has(digest)
  }

  /** Takes the place of the author's header before. Returns what no header wants any more. */
  replace(author: ReplicaId, round: Round, digests: Iterable<Digest>): readonly Digest[] {
    const before = this.#byAuthor.get(author)?.digests ?? []
    const wants = { round, digests: new Set(digests) }
    this.#byAuthor.set(author, wants)
    for (const digest of wants.digests) {
      this.#counts.set(digest, (this.#counts.get(digest) ?? 0) + 1)
    }
    return this.#release(before)
  }

  /** Headers at or below `round` get no votes any more. Returns what no header wants any more. */
  collect(round: Round): readonly Digest[] {
    const released: Digest[] = []
    for (const [author, wants] of this.#byAuthor) {
      if (wants.round > round) continue
      this.#byAuthor.delete(author)
      released.push(...this.#release(wants.digests))
    }
    return released
  }

  #release(digests: Iterable<Digest>): Digest[] {
    const released: Digest[] = []
    for (const digest of digests) {
      const count = (this.#counts.get(digest) ?? 0) - 1
      if (count > 0) {
        this.#counts.set(digest, count)
        continue
      }
      this.#counts.delete(digest)
      released.push(digest)
    }
    return released
  }
}
