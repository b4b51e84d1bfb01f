import { type Digest, Prng } from '@novacron/base'
import { expect, test } from 'vitest'
import { afterPowerLoss, type JournaledStore, openFresh } from './journaled-store.ts'
import { batchOf, put } from './store-units.ts'

/**
 * Batches that come and go at random, with losses of power at random moments: what a flush covered is there afterwards, bytes
 * and all, and what it dropped is not. Sizes and bounds are such that batches go to the segments, and through the journal.
 */

const random = { seeds: [1, 2, 3, 4, 5, 6], units: 150 }
const options = {
  segmentBytes: 16_384,
  journalBytes: 5_000,
  journalAheadBytes: 1_500,
  journaledPayloadBytesMax: 4_000,
  unwrittenPayloadBytesMax: 9_000
}

interface Batch {
  readonly digest: Digest
  readonly bytes: Uint8Array
  /** By the unit that did it; undefined until then. */
  readonly appended: number
  readonly dropped: number | undefined
}

class Run {
  readonly #random: Prng
  readonly #batches = new Map<number, Batch>()
  #open: JournaledStore
  #unit = 0
  /** The last unit that a resolved flush covers. */
  #told = 0
  losses = 0

  constructor(seed: number, open: JournaledStore) {
    this.#random = new Prng(seed)
    this.#open = open
  }

  async unit(): Promise<void> {
    this.#unit += 1
    const number = this.#unit
    const { store } = this.#open
    for (let i = this.#random.below(3); i > 0; i--) this.#append(10 * number + i)
    if (this.#random.below(3) === 0) this.#dropSome()
    if (this.#random.below(2) === 0) store.write([put('votes', 1, `${number}`)])
    if (this.#random.below(2) === 0) store.write([put('signed', 1, `${number}`)])
    const flush = store.flush().then(() => {
      this.#told = Math.max(this.#told, number)
    })
    const choice = this.#random.below(10)
    // Not waited for: the next unit, or a loss of power, comes while it runs.
    if (choice > 1) await flush
    else flush.catch(() => undefined)
    if (choice === 2) await this.#losePower()
  }

  #append(seed: number): void {
    const length = [40, 700, 1_500, 6_000][this.#random.below(4)] as number
    const { digest, bytes } = batchOf(seed, length)
    this.#open.store.batches.append(digest, bytes)
    this.#batches.set(seed, { digest, bytes, appended: this.#unit, dropped: undefined })
  }

  #dropSome(): void {
    const some = [...this.#batches].filter(
      ([, { dropped }]) => dropped === undefined && this.#random.below(3) > 0
    )
    for (const [seed, batch] of some) this.#batches.set(seed, { ...batch, dropped: this.#unit })
    this.#open.store.batches.drop(some.map(([, { digest }]) => digest))
  }

  async #losePower(): Promise<void> {
    const told = this.#told
    this.#open = await afterPowerLoss(this.#open, options)
    this.losses += 1
    const { store } = this.#open
    expect(store.stats().damagedCount).toBe(0)
    for (const [seed, batch] of this.#batches) {
      const { digest, bytes, appended, dropped = Number.POSITIVE_INFINITY } = batch
      const read = store.batches.read(digest)
      if (read !== undefined) expect(Buffer.compare(read, bytes), `bytes of ${seed}`).toBe(0)
      if (dropped <= told) expect(read, `${seed}, dropped by ${dropped}`).toBeUndefined()
      else if (appended <= told && dropped > this.#unit) {
        expect(read, `${seed} of ${appended}`).toBeDefined()
      }
      // What nobody was told of may be there or not.
      if (read === undefined) this.#batches.delete(seed)
      else this.#batches.set(seed, { ...batch, dropped: undefined })
    }
    this.#told = this.#unit
  }
}

test.each(random.seeds)(
  'seed %i: payload that was flushed outlasts every loss of power',
  async seed => {
    const run = new Run(seed, await openFresh(options))
    for (let i = 0; i < random.units; i++) await run.unit()
    expect(run.losses).toBeGreaterThan(5)
  }
)
