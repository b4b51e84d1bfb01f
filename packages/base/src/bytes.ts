import type { Digest } from './brand.ts'

export const emptyBytes: Uint8Array = new Uint8Array(0)

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Character codes by the number of bytes: `fromCharCode` over them is one flat string, where adding up pieces is a rope. */
const codesOf: number[][] = Array.from({ length: 33 }, (_, bytes) => new Array(2 * bytes).fill(0))
const codeOfNibble = Array.from('0123456789abcdef', digit => digit.charCodeAt(0))

export function toHex(bytes: Uint8Array): string {
  const { length } = bytes
  const codes = codesOf[length]
  if (codes === undefined) return toHexSlowly(bytes)
  for (let i = 0; i < length; i++) {
    const byte = bytes[i] as number
    codes[2 * i] = codeOfNibble[byte >> 4] as number
    codes[2 * i + 1] = codeOfNibble[byte & 15] as number
  }
  return String.fromCharCode.apply(undefined, codes)
}

function toHexSlowly(bytes: Uint8Array): string {
  let hex = ''
  for (let i = 0; i < bytes.length; i++) hex += hexOfByte[bytes[i] as number]
  return hex
}

/** Value of a hex digit by its character code; 255 for everything else. */
const nibbleOfCode = new Uint8Array(128).fill(255)
for (let nibble = 0; nibble < 16; nibble++) {
  const digit = nibble.toString(16)
  nibbleOfCode[digit.charCodeAt(0)] = nibble
  nibbleOfCode[digit.toUpperCase().charCodeAt(0)] = nibble
}

/** @throws {RangeError} unless `hex` is an even number of hex digits. */
export function fromHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length >>> 1)
  writeHex(hex, bytes, 0)
  return bytes
}

/**
 * Writes what `hex` says into `bytes` from `offset` on.
 *
 * @throws {RangeError} unless `hex` is an even number of hex digits.
 */
export function writeHex(hex: string, bytes: Uint8Array, offset: number): void {
  const length = hex.length >>> 1
  let isHex = hex.length % 2 === 0
  for (let i = 0; i < length; i++) {
    const high = nibbleOfCode[hex.charCodeAt(i * 2)] ?? 255
    const low = nibbleOfCode[hex.charCodeAt(i * 2 + 1)] ?? 255
    if (high === 255 || low === 255) isHex = false
    bytes[offset + i] = (high << 4) | low
  }
  if (!isHex) throw new RangeError(`not hex: ${hex.slice(0, 80)}`)
}

/** Big-endian, as `Writer.u64` does; for what is laid out in place. `value` is a safe integer >= 0. */
export function writeU64(bytes: Uint8Array, offset: number, value: number): void {
  writeU32(bytes, offset, Math.floor(value / 0x1_0000_0000))
  writeU32(bytes, offset + 4, value >>> 0)
}

/** Big-endian. `value` is an integer from 0 to 2^32 - 1. */
export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24
  bytes[offset + 1] = (value >>> 16) & 0xff
  bytes[offset + 2] = (value >>> 8) & 0xff
  bytes[offset + 3] = value & 0xff
}

/** 32 bytes of a digest. */
export function bytesOfDigest(digest: Digest): Uint8Array {
  return fromHex(digest)
}

/** One byte a character; for domain tags and file magics only. @throws {RangeError} beyond ASCII. */
export function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) throw new RangeError(`not ASCII: ${text.slice(0, 80)}`)
    bytes[i] = code
  }
  return bytes
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** Lexicographic, shorter first: the order in which stores keep keys. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && compareBytes(a, b) === 0)
}
