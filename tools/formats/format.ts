import type fc from 'fast-check'

/** One wire or disk format of the product, as its decoder's laws are checked. */
export interface Format {
  readonly name: string
  /** Source files whose reading it covers. */
  readonly homes: readonly string[]
  /** Encodings of values, as an honest peer or the own disk holds them. */
  readonly samples: fc.Arbitrary<Uint8Array>
  /** The value, or an error that is a `Fault`. */
  decode(bytes: Uint8Array): unknown
  /** Undefined where what is decoded keeps only a part of the bytes. */
  encode?(value: never): Uint8Array
}

/** A format whose decoder and encoder belong to one type. */
export function format<T>(parts: {
  readonly name: string
  readonly homes: readonly string[]
  readonly values: fc.Arbitrary<T>
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
}): Format {
  const { name, homes, values, encode, decode } = parts
  return { name, homes, samples: values.map(value => encode(value).slice()), decode, encode }
}
