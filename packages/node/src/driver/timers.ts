import { type Millis, ReleasingMap } from '@novacron/base'
import type { Clock } from './clock.ts'

/** Node's timers fire at once beyond this. */
const delayMaxMs = 2 ** 31 - 1

/** Named timers over `setTimeout`: setting one again replaces it, and each fires once. */
export class Timers implements Disposable {
  readonly #clock: Clock
  readonly #onFire: (timer: string) => void
  readonly #handles = new ReleasingMap<string, NodeJS.Timeout>()

  constructor(clock: Clock, onFire: (timer: string) => void) {
    this.#clock = clock
    this.#onFire = onFire
  }

  get size(): number {
    return this.#handles.size
  }

  set(timer: string, at: Millis): void {
    this.cancel(timer)
    const delayMs = Math.min(delayMaxMs, Math.max(0, at - this.#clock()))
    const handle = setTimeout(() => {
      this.#handles.delete(timer)
      // Node rounds down: a timer never fires before its deadline.
      if (this.#clock() < at) this.set(timer, at)
      else this.#onFire(timer)
    }, delayMs)
    this.#handles.set(timer, handle)
  }

  cancel(timer: string): void {
    clearTimeout(this.#handles.get(timer))
    this.#handles.delete(timer)
  }

  [Symbol.dispose](): void {
    for (const handle of this.#handles.values()) clearTimeout(handle)
    this.#handles.clear()
  }
}
