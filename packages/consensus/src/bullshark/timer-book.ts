import type { Millis, SetTimer } from '@novacron/base'

/** Remembers what is set, so that a step that changes nothing asks the driver for nothing. */
export class TimerBook {
  readonly #deadlines = new Map<string, Millis>()

  /** Sets the timer to `at`, replacing another deadline. */
  set<Effect>(timer: string, at: Millis, out: (Effect | SetTimer)[]): void {
    if (this.#deadlines.get(timer) === at) return
    this.#deadlines.set(timer, at)
    out.push({ type: 'set-timer', timer, at })
  }

  /** Sets the timer unless it is running. */
  keep<Effect>(timer: string, at: Millis, out: (Effect | SetTimer)[]): void {
    if (!this.#deadlines.has(timer)) this.set(timer, at, out)
  }

  /** Sets the timer to `at` unless it fires before. */
  advance<Effect>(timer: string, at: Millis, out: (Effect | SetTimer)[]): void {
    if ((this.#deadlines.get(timer) ?? Number.POSITIVE_INFINITY) > at) this.set(timer, at, out)
  }

  fired(timer: string): void {
    this.#deadlines.delete(timer)
  }
}
