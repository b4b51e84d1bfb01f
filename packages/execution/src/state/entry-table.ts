import { bucketCount } from '../buckets/bucket.ts'
import type { ByteKey } from './byte-key.ts'
import { Slabs } from './slabs.ts'

const startLength = 1_024

/**
 * Entries by number, a column for each fact: an object for an entry and one for its value cost the collector of the heap more
 * than a put costs by itself. A value lies in a slab, or in the encoding of its bucket once that is sealed.
 */
export class EntryTable {
  readonly #slabs = new Slabs()
  readonly #encodings: (Uint8Array | undefined)[] = new Array(bucketCount).fill(undefined)
  readonly #names: ByteKey[] = []
  readonly #free: number[] = []
  #places = new Uint32Array(startLength)
  /** Below `bucketCount` the encoding of that bucket, which is the entry's own; above it, a slab. */
  #sources = new Uint32Array(startLength)
  #offsets = new Uint32Array(startLength)
  #lengths = new Uint32Array(startLength)

  /** Memory of values that are not in an encoding, with what is left over beside them. */
  get slabBytes(): number {
    return this.#slabs.heldBytes
  }

  /** `value` is copied. */
  add(name: ByteKey, value: Uint8Array): number {
    const entry = this.#make(name)
    this.#store(entry, value)
    return entry
  }

  /** One whose value lies in the encoding of its bucket, which was set before. */
  addSealed(name: ByteKey, bucket: number, offset: number, length: number): number {
    const entry = this.#make(name)
    this.#locate(entry, bucket, offset, length)
    return entry
  }

  /** `value` is copied. */
  replace(entry: number, value: Uint8Array): void {
    this.#release(entry)
    this.#store(entry, value)
  }

  remove(entry: number): void {
    this.#release(entry)
    this.#names[entry] = ''
    this.#free.push(entry)
  }

  name(entry: number): ByteKey {
    return this.#names[entry] as ByteKey
  }

  length(entry: number): number {
    return this.#lengths[entry] as number
  }

  /** In the list of its bucket. */
  place(entry: number): number {
    return this.#places[entry] as number
  }

  setPlace(entry: number, place: number): void {
    this.#places[entry] = place
  }

  /** A view of bytes that never change. */
  value(entry: number): Uint8Array {
    const offset = this.#offsets[entry] as number
    return this.#source(entry).subarray(offset, offset + (this.#lengths[entry] as number))
  }

  /** Where the value is in the encoding of its bucket; undefined when it is in a slab. */
  sealedOffset(entry: number): number | undefined {
    const isSealed = (this.#sources[entry] as number) < bucketCount
    return isSealed ? (this.#offsets[entry] as number) : undefined
  }

  encoding(bucket: number): Uint8Array | undefined {
    return this.#encodings[bucket]
  }

  /** Every entry of the bucket that lies in an encoding has to be moved to this one. */
  setEncoding(bucket: number, encoding: Uint8Array): void {
    this.#encodings[bucket] = encoding.length === 0 ? undefined : encoding
  }

  /** The value is in the encoding of its bucket from now on. */
  moveToEncoding(entry: number, bucket: number, offset: number): void {
    this.#release(entry)
    this.#locate(entry, bucket, offset, this.length(entry))
  }

  #make(name: ByteKey): number {
    const entry = this.#free.pop() ?? this.#names.length
    if (entry >= this.#places.length) this.#grow()
    this.#names[entry] = name
    return entry
  }

  #store(entry: number, value: Uint8Array): void {
    this.#slabs.add(value)
    const { slab, offset } = this.#slabs
    this.#locate(entry, bucketCount + slab, offset, value.length)
  }

  #locate(entry: number, source: number, offset: number, length: number): void {
    this.#sources[entry] = source
    this.#offsets[entry] = offset
    this.#lengths[entry] = length
  }

  #source(entry: number): Uint8Array {
    const source = this.#sources[entry] as number
    if (source >= bucketCount) return this.#slabs.bytes(source - bucketCount)
    return this.#encodings[source] as Uint8Array
  }

  #release(entry: number): void {
    const source = this.#sources[entry] as number
    if (source >= bucketCount) this.#slabs.release(source - bucketCount)
  }

  #grow(): void {
    const length = 2 * this.#places.length
    this.#places = grown(this.#places, length)
    this.#sources = grown(this.#sources, length)
    this.#offsets = grown(this.#offsets, length)
    this.#lengths = grown(this.#lengths, length)
  }
}

function grown(column: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(length)
  longer.set(column)
  return longer
}
