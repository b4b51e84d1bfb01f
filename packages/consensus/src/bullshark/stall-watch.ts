/** A pull that this many peers have not answered is left to catch-up. */
export const stuckPullAttempts = 6
/** Resends without progress after which a member asks for commits, whatever it believes about its lag. */
export const stalledResends = 3

/** Tells, from one look to the next, whether rounds or commits have moved. */
export class StallWatch {
  #round = 0
  #index = 0
  #stalledLooks = 0

  /** Looks in a row without progress; 0 when something moved since the last. */
  look(round: number, index: number): number {
    const moved = round > this.#round || index > this.#index
    this.#round = round
    this.#index = index
    this.#stalledLooks = moved ? 0 : this.#stalledLooks + 1
    return this.#stalledLooks
  }
}
