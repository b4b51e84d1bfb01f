import type { LogPage, LogPosition, NodeControl } from './node-control.ts'
import { logEntriesMax } from './options.ts'

interface LogFollowerOptions {
  readonly from: LogPosition
  /** Commits that a reader may be behind the head after it has once caught up. */
  readonly commitsBehindMax: number
}

interface LogFollowerNeeds {
  readonly node: Pick<NodeControl, 'logRange' | 'subscribe'>
  /** Resolves when the next page may come; until then nothing is read from the store. */
  readonly deliver: (page: LogPage) => Promise<void>
  /** The reader fell behind by more than it may. */
  readonly onSlow: () => void
  /** The log could not be read on, as when it was pruned under a reader. */
  readonly onFault: (error: unknown) => void
}

/**
 * Reads the log from one place on and then follows its head, each transaction once and in order. Commits are signals only:
 * replay and live part read the same pages from one cursor, so there is no seam with a gap or a duplicate, and a slow
 * reader costs a cursor and no memory.
 */
export class LogFollower {
  readonly #options: LogFollowerOptions
  readonly #needs: LogFollowerNeeds
  readonly #unsubscribe: () => void
  #cursor: LogPosition
  #headIndex = 0
  #isLive = false
  #isDelivering = false
  #stopped = false
  #wake: (() => void) | undefined

  constructor(options: LogFollowerOptions, needs: LogFollowerNeeds) {
    this.#options = options
    this.#needs = needs
    this.#cursor = options.from
    this.#unsubscribe = needs.node.subscribe('log.committed', ({ index }) => this.#onCommit(index))
  }

  /** Runs until `stop`, or a fault, which `onFault` is told. Never rejects. */
  async run(): Promise<void> {
    try {
      while (!this.#stopped) await this.#advance()
    } catch (error) {
      if (!this.#stopped) this.#needs.onFault(error)
    } finally {
      this.stop()
    }
  }

  stop(): void {
    this.#stopped = true
    this.#unsubscribe()
    this.#wake?.()
  }

  async #advance(): Promise<void> {
    const page = await this.#needs.node.logRange({ from: this.#cursor, limit: logEntriesMax })
    if (this.#stopped) return
    const moved = isAfter(page.next, this.#cursor)
    if (moved) this.#cursor = page.next
    if (page.entries.length > 0) {
      this.#isDelivering = true
      await this.#needs.deliver(page)
      this.#isDelivering = false
    }
    if (moved || this.#stopped || this.#headIndex >= this.#cursor.index) return
    this.#isLive = true
    await new Promise<void>(resolve => {
      this.#wake = resolve
    })
    this.#wake = undefined
  }

  #onCommit(index: number): void {
    this.#headIndex = Math.max(this.#headIndex, index)
    const behind = this.#headIndex - this.#cursor.index
    if (this.#isLive && this.#isDelivering && behind > this.#options.commitsBehindMax) {
      this.#needs.onSlow()
    }
    this.#wake?.()
  }
}

function isAfter(a: LogPosition, b: LogPosition): boolean {
  return a.index > b.index || (a.index === b.index && a.ordinal > b.ordinal)
}
