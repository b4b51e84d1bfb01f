import { assert, type Digest, decodeFault, fromHex, type Hash, toHex } from '@novacron/base'
import {
  type BucketEntry,
  bucketCount,
  bucketOf,
  encodeBucket,
  type FormerValues,
  formerEntries
} from '../buckets/bucket.ts'
import { BucketTree, type TreeImage } from '../buckets/bucket-tree.ts'
import { sessionIdBytes } from '../envelope.ts'
import type { ExecutionOptions } from '../options.ts'
import { type ExecutionRules, executionRules } from '../rules.ts'
import { byteKeyOf } from '../state/byte-key.ts'
import { Session } from './session.ts'

/** 32 lowercase hex digits. */
export type SessionName = string

/** About what the row of a session takes. */
const sessionBytes = 64

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
    this.tree = new BucketTree(hash, rules.keepsFormer)
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
    this.#beforeChange(held)
    if (held !== this.#newest) {
      this.#unlink(held)
      this.#link(held)
    }
    held.session.touched = position
    held.session.touchedIndex = index
    return held.session
  }

  /**
   * Opens a session, in place of the least recently touched one when there are too many and that one is idle.
   * False when none is idle, or the name is taken.
   */
  open(id: Uint8Array, session: Session): boolean {
    const name = toHex(id)
    if (this.#held.has(name) || !this.#makeRoom(session.touchedIndex)) return false
    const bucket = bucketOf(id)
    if (this.tree.touch(bucket)) this.tree.keep(bucket, byteKeyOf(id), undefined)
    this.#insert(name, session, bucket)
    return true
  }

  /** A whole seal at once. */
  seal(): TreeImage {
    return this.tree.seal(this.encode)
  }

  /** The encoding of a bucket is about so long. */
  readonly bytesOf = (bucket: number): number => (this.#names[bucket]?.size ?? 0) * sessionBytes

  /** For the tree. */
  readonly encode = (bucket: number, former: FormerValues | undefined): Uint8Array => {
    const names = this.#names[bucket] ?? []
    const entries = [...names].flatMap(name => {
      const key = byteKeyOf(fromHex(name))
      // What is kept of it is its row already.
      if (former?.has(key) === true) return []
      const { session } = this.#held.get(name) as Held
      return [{ name: key, value: this.#rules.encodeSession(session) }]
    })
    return encodeBucket(formerEntries(entries, former))
  }

  /** The root of the sessions as they are, from nothing but them: for checks, since it is a pass over everything. */
  root(): Digest {
    const tree = new BucketTree(this.#hash)
    tree.load(
      this.#names.flatMap((names, bucket) =>
        names === undefined ? [] : [[bucket, this.encode(bucket, undefined)] as const]
      )
    )
    return tree.image().root
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
    this.#beforeChange(oldest)
    this.#unlink(oldest)
    this.#held.delete(name)
    this.#names[bucket]?.delete(name)
    return true
  }

  #beforeChange({ name, session, bucket }: Held): void {
    if (!this.tree.touch(bucket)) return
    const key = byteKeyOf(fromHex(name))
    if (this.tree.hasKept(bucket, key)) return
    this.tree.keep(bucket, key, this.#rules.encodeSession(session))
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
}
