import type { Scenario } from '@novacron/simulator'
import { type Io, mayMoveCursor } from '../io.ts'
import { countOf, showMs } from '../settings.ts'
import type { Tally } from './tally.ts'

/** Lines on a terminal are drawn again this often; elsewhere one comes after each of these waits in turn. */
const redrawMs = 200
const firstLineMs = 5_000
const lineMs = 30_000

const clearLine = '\r\u001b[K'

/** Says on standard error how far many runs are. */
export class Progress {
  readonly #io: Pick<Io, 'stderr' | 'env'>
  readonly #isLive: boolean
  readonly #total: number
  readonly #startedAt: number
  readonly #clock: () => number
  #nextAt: number
  #isDrawn = false

  constructor(
    io: Pick<Io, 'stderr' | 'env'>,
    total: number,
    clock: () => number = performance.now.bind(performance)
  ) {
    this.#io = io
    this.#isLive = mayMoveCursor(io)
    this.#total = total
    this.#clock = clock
    this.#startedAt = clock()
    this.#nextAt = this.#startedAt + (this.#isLive ? 0 : firstLineMs)
  }

  show(tally: Pick<Tally, 'done' | 'failed' | 'virtualMs'>): void {
    if (tally.done === this.#total || !this.#isDue()) return
    this.#write(this.#lineOf(tally, this.#clock() - this.#startedAt))
  }

  showShrinking(runs: number, runsMax: number, { faults, replicas, chaosMs }: Scenario): void {
    if (!this.#isDue()) return
    const size = `${countOf(replicas, 'replica')}, ${countOf(faults.length, 'fault')}, ${showMs(chaosMs)}`
    this.#write(`shrinking: ${runs} of ${runsMax} runs at most, down to ${size}`)
  }

  /** A line that stays. */
  note(text: string): void {
    this.end()
    this.#io.stderr.write(`novacron: ${text}\n`)
  }

  /** Leaves nothing behind on a terminal. */
  end(): void {
    if (this.#isDrawn) this.#io.stderr.write(clearLine)
    this.#isDrawn = false
  }

  #isDue(): boolean {
    const now = this.#clock()
    if (now < this.#nextAt) return false
    this.#nextAt = now + (this.#isLive ? redrawMs : lineMs)
    return true
  }

  #write(line: string): void {
    this.#io.stderr.write(this.#isLive ? `${clearLine}${line}` : `${line}\n`)
    this.#isDrawn = this.#isLive
  }

  #lineOf(
    { done, failed, virtualMs }: Pick<Tally, 'done' | 'failed' | 'virtualMs'>,
    elapsedMs: number
  ): string {
    const rate = elapsedMs === 0 ? 0 : virtualMs / elapsedMs
    const leftMs = done === 0 ? undefined : Math.round((elapsedMs / done) * (this.#total - done))
    const eta = leftMs === undefined ? '' : `, ${showMs(leftMs)} to go`
    return `${done} of ${this.#total} seeds, ${failed} failed, ${rate.toFixed(1)} virtual s/s${eta}`
  }
}
