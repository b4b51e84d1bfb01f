import type { CommitIndex, Millis, PeerId } from '@novacron/base'

interface Doubt {
  readonly index: number
  readonly failures: number
  readonly untilMs: number
}

/** The wait doubles so often at most: from one second to a quarter of an hour. */
const doublingsMax = 10

/** Members that said that the log goes further than anybody could show: they are not listened to for a while, each time longer. */
export class Rumours {
  readonly #firstDoubtMs: number
  readonly #doubts = new Map<PeerId, Doubt>()

  constructor(firstDoubtMs: number) {
    this.#firstDoubtMs = firstDoubtMs
  }

  /** A word that came true after all clears its giver. */
  isBelieved(from: PeerId, lastIndex: CommitIndex, now: Millis): boolean {
    const doubt = this.#doubts.get(from)
    if (doubt === undefined) return true
    if (lastIndex >= doubt.index) {
      this.#doubts.delete(from)
      return true
    }
    return now >= doubt.untilMs
  }

  /** Nobody had what `from` spoke of. One entry a member, as heads are signed by members. */
  doubt(from: PeerId, index: number, now: Millis): void {
    const failures = this.#doubts.get(from)?.failures ?? 0
    const untilMs = now + this.#firstDoubtMs * 2 ** Math.min(failures, doublingsMax)
    this.#doubts.set(from, { index, failures: failures + 1, untilMs })
  }
}
