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

/** A session in the order of touching, between those named before and after it. */
interface Held {
  readonly name: SessionName
  readonly session: Session
  readonly bucket: number
  older: Held | undefined
  newer: Held | undefined
}

/** All open sessions, in the order in which the log last named them. */
export class Sessions {
  readonly #options: ExecutionOptions
  readonly #hash: Hash
  readonly #rules: ExecutionRules
  readonly #held = new Map<SessionName, Held>()
  #oldest: Held | undefined
  #newest: Held | undefined
  /** By bucket; made when it gets its first. */
  readonly #names: (Set<SessionName> | undefined)[] = new Array(bucketCount).fill(undefined)
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
    if (held !== this.#newest) {
      this.#unlink(held)
      this.#link(held)
    }
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
    const oldest = this.#oldest
    if (oldest === undefined) return false
    const { name, session, bucket } = oldest
    if (index - session.touchedIndex < this.#options.sessionIdleCommitsMin) return false
    this.#unlink(oldest)
    this.#held.delete(name)
    this.#names[bucket]?.delete(name)
    this.tree.touch(bucket)
    return true
  }

  #insert(name: SessionName, session: Session, bucket: number): void {
    const held: Held = { name, session, bucket, older: undefined, newer: undefined }
    this.#held.set(name, held)
    this.#link(held)
    const names = this.#names[bucket] ?? new Set()
    this.#names[bucket] = names.add(name)
  }

  /** As the one touched last. A list, since moving within a map costs three lookups and now and then a copy of it all. */
  #link(held: Held): void {
    held.older = this.#newest
    held.newer = undefined
    if (this.#newest === undefined) this.#oldest = held
    else this.#newest.newer = held
    this.#newest = held
  }

  #unlink(held: Held): void {
    if (held.older === undefined) this.#oldest = held.newer
    else held.older.newer = held.newer
    if (held.newer === undefined) this.#newest = held.older
    else held.newer.older = held.older
  }

  #encode(bucket: number): Uint8Array {
    const names = this.#names[bucket]
    if (names === undefined || names.size === 0) return emptyBytes
    const entries = [...names].map(name => {
      const { session } = this.#held.get(name) as Held
      return { name: byteKeyOf(fromHex(name)), value: this.#rules.encodeSession(session) }
    })
    return encodeBucket(entries)
  }
}
