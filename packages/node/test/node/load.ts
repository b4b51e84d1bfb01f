import { Fault } from '@novacron/base'
import type { NodeControl } from '../../src/api/node-control.ts'
import { put } from './agreement.ts'

/** Puts keys one after the other, on several lanes, until stopped; remembers what was acknowledged. */
export class Load {
  /** Key to value, once the receipt is here. */
  readonly acknowledged = new Map<string, string>()
  readonly #targets: () => readonly NodeControl[]
  readonly #lanes: Promise<void>[]
  #isStopping = false

  constructor(name: string, laneCount: number, targets: () => readonly NodeControl[]) {
    this.#targets = targets
    this.#lanes = Array.from({ length: laneCount }, (_, lane) => this.#run(`${name}-${lane}`))
  }

  /** Resolves when `count` receipts more have come. */
  async grow(count: number): Promise<void> {
    const wanted = this.acknowledged.size + count
    while (this.acknowledged.size < wanted && !this.#isStopping) await this.#next.promise
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#next.resolve()
    await Promise.all(this.#lanes)
  }

  #next = Promise.withResolvers<void>()

  async #run(lane: string): Promise<void> {
    for (let i = 0; !this.#isStopping; i++) {
      const targets = this.#targets()
      const target = targets[i % targets.length] as NodeControl
      const key = `${lane}-${i}`
      try {
        await put(target, key, `value of ${key}`)
      } catch (error) {
        // A node that has no room, or goes down: nothing was acknowledged.
        if (!(error instanceof Fault)) throw error
        await new Promise(resolve => setTimeout(resolve, 20))
        continue
      }
      this.#onReceipt(key)
    }
  }

  #onReceipt(key: string): void {
    this.acknowledged.set(key, `value of ${key}`)
    this.#next.resolve()
    this.#next = Promise.withResolvers<void>()
  }
}
