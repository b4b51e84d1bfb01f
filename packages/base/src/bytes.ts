import type { Digest } from './brand.ts'

export const emptyBytes: Uint8Array = new Uint8Array(0)

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function toHex(bytes: Uint8Array): string {
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
  let isHex = hex.length % 2 === 0
  for (let i = 0; i < bytes.length; i++) {
    const high = nibbleOfCode[hex.charCodeAt(i * 2)] ?? 255
    const low = nibbleOfCode[hex.charCodeAt(i * 2 + 1)] ?? 255
    if (high === 255 || low === 255) isHex = false
    bytes[i] = (high << 4) | low
  }
  if (!isHex) throw new RangeError(`not hex: ${hex.slice(0, 80)}`)
  return bytes
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
  return a.length === b.length && compareBytes(a, b) === 0
}
