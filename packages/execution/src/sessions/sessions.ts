import { assert, decodeFault, emptyBytes, fromHex, type Hash, toHex } from '@novacron/base'
import { type BucketEntry, bucketCount, bucketOf, encodeBucket } from '../buckets/bucket.ts'
import { BucketTree, type TreeImage } from '../buckets/bucket-tree.ts'
import { sessionIdBytes } from '../envelope.ts'
import type { ExecutionOptions } from '../options.ts'
import { type ExecutionRules, executionRules } from '../rules.ts'
import { byteKeyOf } from '../state/byte-key.ts'
import { Session } from './session.ts'

/** 32 lowercase hex digits. */
export type SessionName = string

interface Held {
  readonly session: Session
  readonly bucket: number
}

/** All open sessions, in the order in which the log last named them. */
export class Sessions {
  readonly #options: ExecutionOptions
  readonly #hash: Hash
  readonly #rules: ExecutionRules
  /** Least recently touched first. */
  readonly #held = new Map<SessionName, Held>()
  readonly #names: Set<SessionName>[] = Array.from({ length: bucketCount }, () => new Set())
  readonly tree: BucketTree

  constructor(options: ExecutionOptions, hash: Hash, rules: ExecutionRules = executionRules) {
    this.#options = options
    this.#hash = hash
    this.#rules = rules
    this.tree = new BucketTree(hash)
  }

  get size(): number {
    return this.#held.size
  }

  /** For reading; `touch` is what the executor uses. */
  get(name: SessionName): Session | undefined {
    return this.#held.get(name)?.session
  }

  /** The session that a transaction at this place of the log names, as the most recently touched one. */
  touch(name: SessionName, position: number, index: number): Session | undefined {
    const held = this.#held.get(name)
    if (held === undefined) return undefined
    this.#held.delete(name)
    this.#held.set(name, held)
    held.session.touched = position
    held.session.touchedIndex = index
    this.tree.touch(held.bucket)
    return held.session
  }

  /**
   * Opens a session, in place of the least recently touched one when there are too many and that one is idle.
   * False when none is idle, or the name is taken.
   */
  open(id: Uint8Array, session: Session): boolean {
    const name = toHex(id)
    if (this.#held.has(name) || !this.#makeRoom(session.touchedIndex)) return false
    const bucket = bucketOf(id, this.#hash)
    this.#insert(name, session, bucket)
    this.tree.touch(bucket)
    return true
  }

  seal(): TreeImage {
    return this.tree.seal(bucket => this.#encode(bucket))
  }

  /**
   * Fills an empty table; the order of touching comes back from the sessions themselves.
   *
   * @throws {Fault<DecodeFault>} for what is no session
   */
  load(
    buckets: Iterable<{ readonly bucket: number; readonly entries: readonly BucketEntry[] }>
  ): void {
    assert(this.#held.size === 0, 'sessions are loaded once')
    const found: {
      readonly name: SessionName
      readonly session: Session
      readonly bucket: number
    }[] = []
    for (const { bucket, entries } of buckets) {
      for (const { key, value } of entries) {
        if (key.length !== sessionIdBytes) {
          throw decodeFault({
            code: 'bad-value',
            field: 'session id',
            value: `${key.length} bytes`
          })
        }
        found.push({ name: toHex(key), session: Session.decode(value), bucket })
      }
    }
    found.sort((a, b) => a.session.touched - b.session.touched)
    for (const { name, session, bucket } of found) this.#insert(name, session, bucket)
  }

  #makeRoom(index: number): boolean {
    if (this.#held.size < this.#options.sessionsMax) return true
    for (const [name, { session, bucket }] of this.#held) {
      if (index - session.touchedIndex < this.#options.sessionIdleCommitsMin) return false
      this.#held.delete(name)
      this.#names[bucket]?.delete(name)
      this.tree.touch(bucket)
      return true
    }
    return false
  }

  #insert(name: SessionName, session: Session, bucket: number): void {
    this.#held.set(name, { session, bucket })
    this.#names[bucket]?.add(name)
  }

  #encode(bucket: number): Uint8Array {
    const names = this.#names[bucket]
    if (names === undefined || names.size === 0) return emptyBytes
    const entries = new Map<string, Uint8Array>()
    for (const name of names) {
      const { session } = this.#held.get(name) as Held
      entries.set(byteKeyOf(fromHex(name)), this.#rules.encodeSession(session))
    }
    return encodeBucket(entries)
  }
}
