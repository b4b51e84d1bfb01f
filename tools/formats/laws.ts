import { Fault } from '@novacron/base'
import fc from 'fast-check'
import type { Format } from './format.ts'

/** `FUZZ_RUNS=1000000` looks for longer. */
export const fuzzRuns = Number(process.env['FUZZ_RUNS'] ?? 250)

/** What a hostile or damaged input may cost: so much memory for each of its bytes, and a fixed rest. */
export const memoryFactorMax = 64
export const memoryRestBytes = 2 * 1_024 * 1_024

/** One way to spoil bytes; the numbers are drawn by fast-check, so that a failure shrinks. */
type Damage = (bytes: Uint8Array, at: number, value: number) => Uint8Array

export const damages: Readonly<Record<string, Damage>> = {
  'cut short': (bytes, at) => bytes.slice(0, at % (bytes.length + 1)),
  'one bit flipped': (bytes, at, value) => {
    if (bytes.length > 0) (bytes[at % bytes.length] as number) ^= 1 << (value & 7)
    return bytes
  },
  'a byte replaced': (bytes, at, value) => {
    if (bytes.length > 0) bytes[at % bytes.length] = value & 0xff
    return bytes
  },
  'a length or count blown up': (bytes, at, value) => {
    const width = 1 << (value & 3)
    return bytes.fill(0xff, at % (bytes.length + 1), (at % (bytes.length + 1)) + width)
  },
  'a part left out': (bytes, at, value) => {
    const from = at % (bytes.length + 1)
    return new Uint8Array([...bytes.subarray(0, from), ...bytes.subarray(from + 1 + (value & 15))])
  },
  'a part twice': (bytes, at, value) => {
    const from = at % (bytes.length + 1)
    const again = bytes.subarray(from, from + 1 + (value & 63))
    return new Uint8Array([...bytes.subarray(0, from), ...again, ...bytes.subarray(from)])
  },
  'something behind it': (bytes, at, value) =>
    new Uint8Array([...bytes, ...new Uint8Array(1 + (at & 15)).fill(value & 0xff)])
}

/** Undefined when the law is kept: a fault, or a value whose one encoding these bytes are. */
export function breach({ decode, encode }: Format, bytes: Uint8Array): string | undefined {
  const before = bytes.slice()
  let value: unknown
  try {
    value = decode(bytes)
  } catch (error) {
    return error instanceof Fault ? undefined : `another error than a Fault: ${String(error)}`
  }
  if (!isSame(bytes, before)) return 'the decoder wrote into its input'
  if (encode === undefined) return undefined
  const again = encode(value as never)
  return isSame(again, before) ? undefined : `two encodings: ${hex(before)} and ${hex(again)}`
}

/** The value, or the words of the fault in its place. */
export function outcome({ decode }: Format, bytes: Uint8Array): unknown {
  try {
    return decode(bytes)
  } catch (error) {
    return String(error)
  }
}

/** Spoiled encodings of the format. */
export function spoiled(samples: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const damage = fc.tuple(fc.constantFrom(...Object.keys(damages)), fc.nat(), fc.nat())
  return fc
    .tuple(samples, fc.array(damage, { minLength: 1, maxLength: 3 }))
    .map(([sample, steps]) => {
      let bytes: Uint8Array = sample.slice()
      for (const [name, at, value] of steps) bytes = (damages[name] as Damage)(bytes, at, value)
      return bytes
    })
}

/** Big inputs that promise more than they hold: a sample, then what repeats to `lengthBytes`. */
export function* swollen(sample: Uint8Array, lengthBytes: number): Generator<Uint8Array> {
  for (const fill of [0x00, 0x01, 0x7f, 0xff]) {
    for (const keep of [0, 1, 2, sample.length >> 1, sample.length]) {
      const bytes = new Uint8Array(lengthBytes).fill(fill)
      bytes.set(sample.subarray(0, Math.min(keep, lengthBytes)))
      yield bytes
    }
  }
  const bytes = new Uint8Array(lengthBytes)
  for (let at = 0; at < lengthBytes; at += Math.max(1, sample.length)) {
    bytes.set(sample.subarray(0, lengthBytes - at), at)
  }
  yield bytes
}

/** Memory that decoding takes, as far as nothing of it is collected meanwhile. */
export function allocatedBytes({ decode }: Format, bytes: Uint8Array): number {
  const before = held()
  let value: unknown
  try {
    value = decode(bytes)
  } catch (error) {
    value = error
  }
  const after = held()
  // Still in use here, so that it is counted.
  return value === before ? 0 : after - before
}

function held(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 200)).toString('hex')
}
