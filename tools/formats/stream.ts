import type fc from 'fast-check'
import type { Format } from './format.ts'

/** What was cut from a stream: whole items; behind their encoding one may have begun. */
interface Held<T> {
  readonly items: readonly T[]
  readonly stream: Uint8Array
}

/** A format of items back to back, which a network cuts where it likes. */
export interface StreamFormat extends Format {
  /** The same in chunks of a few bytes. */
  decodePieces(stream: Uint8Array): unknown
}

/**
 * A format whose reader takes chunks one after another.
 *
 * reader  makes one; it gives the items that a chunk completes
 * encode  gives items back to back
 */
export function streamFormat<T>(parts: {
  readonly name: string
  readonly homes: readonly string[]
  readonly values: fc.Arbitrary<readonly T[]>
  reader(): (chunk: Uint8Array) => readonly T[]
  encode(items: readonly T[]): Uint8Array
}): StreamFormat {
  const { name, homes, values, reader, encode } = parts
  return {
    name,
    homes,
    samples: values.map(items => encode(items).slice()),
    decode: (stream): Held<T> => ({ items: reader()(stream), stream: stream.slice() }),
    decodePieces(stream): Held<T> {
      const read = reader()
      const items: T[] = []
      for (let at = 0, size = 1; at < stream.length; at += size, size = 1 + (size % 7)) {
        items.push(...read(stream.subarray(at, at + size)))
      }
      return { items, stream: stream.slice() }
    },
    encode({ items, stream }: Held<T>) {
      const whole = encode(items)
      return Buffer.concat([whole, stream.subarray(whole.length)])
    }
  }
}
