import type { CommitIndex } from '@novacron/base'
import { type ExecutionOptions, type ServedSnapshot, serveSnapshot } from '../../src/index.ts'
import { certificateOf } from '../checkpoints/committee.ts'
import { Chain, epoch, hash, join, putOf, text } from '../fixtures.ts'

/** A log with state, and what its checkpoints serve. */
export class Source {
  readonly log: Chain
  readonly #session: Uint8Array
  #sequence = 0

  constructor(options: Partial<ExecutionOptions> = {}) {
    this.log = new Chain(options)
    this.#session = this.log.open()
  }

  put(entries: Iterable<readonly [string, string | Uint8Array]>): void {
    const puts = [...entries].map(([key, value]) =>
      putOf(this.#session, ++this.#sequence, key, value)
    )
    const { applied } = this.log.run(join(...puts))
    if (applied !== puts.length) throw new Error('not all were applied')
  }

  serve(extra = 'the last commits'): ServedSnapshot {
    const image = this.log.executor.takeCheckpoint(epoch)
    return serveSnapshot(certificateOf(image.checkpoint, 0, 1, 2), image, text(extra), hash)
  }
}

export const indexOf = (served: ServedSnapshot): CommitIndex => served.certificate.checkpoint.index

export function numbered(count: number, prefix = 'key'): (readonly [string, string])[] {
  return Array.from({ length: count }, (_, i) => [`${prefix}-${i}`, `value ${i}`] as const)
}
