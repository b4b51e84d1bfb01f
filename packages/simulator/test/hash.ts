import { hash as digest } from 'node:crypto'
import type { Hash } from '@novacron/base'

/** One buffer is shared by all results of a run of the pool, so each result is copied out. */
export const sha256: Hash = bytes => new Uint8Array(digest('sha256', bytes, 'buffer'))
