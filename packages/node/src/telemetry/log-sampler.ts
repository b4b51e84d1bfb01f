/** How much one name may write. */
export interface LogSamplerOptions {
  /** Lines of one name in one window. */
  readonly linesPerWindowMax: number
  readonly windowMs: number
  /** Distinct names; the ones beyond share one allowance. */
  readonly namesMax: number
}

export const defaultLogSamplerOptions: LogSamplerOptions = {
  linesPerWindowMax: 20,
  windowMs: 1000,
  namesMax: 1024
}

interface Window {
  startedAt: number
  lines: number
}

/** Lets at most so many lines per name and window pass, and says afterwards how many it held back. */
export class LogSampler {
  readonly #options: LogSamplerOptions
  readonly #onSuppressed: (name: string, count: number) => void
  readonly #windows = new Map<string, Window>()

  constructor(options: LogSamplerOptions, onSuppressed: (name: string, count: number) => void) {
    this.#options = options
    this.#onSuppressed = onSuppressed
  }

  /** Whether a line of this name may be written at `now` (milliseconds of any steady clock). */
  admit(name: string, now: number): boolean {
    const { linesPerWindowMax, windowMs, namesMax } = this.#options
    const isKnown = this.#windows.has(name)
    const key = isKnown || this.#windows.size < namesMax ? name : otherNames
    const window = this.#windows.get(key)
    if (window === undefined || now - window.startedAt >= windowMs) {
      if (window !== undefined) this.#report(key, window)
      this.#windows.set(key, { startedAt: now, lines: 1 })
      return true
    }
    window.lines += 1
    return window.lines <= linesPerWindowMax
  }

  /** Reports and forgets the windows that are over; called from a timer, so that the count follows a burst. */
  flush(now: number): void {
    for (const [name, window] of this.#windows) {
      if (now - window.startedAt < this.#options.windowMs) continue
      this.#windows.delete(name)
      this.#report(name, window)
    }
  }

  #report(name: string, { lines }: Window): void {
    const suppressed = lines - this.#options.linesPerWindowMax
    if (suppressed > 0) this.#onSuppressed(name, suppressed)
  }
}

const otherNames = 'other'
