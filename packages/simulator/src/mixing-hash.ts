import type { Hash } from '@novacron/base'

const blockBytes = 32
/** Stirred so often after the length has gone in, so that the last bytes reach every bit. */
const closingBlocks = 3

/**
 * 256 bits by which equal bytes are known as equal, at a tenth of the cost of SHA-256. It is for worlds in which nobody looks
 * for collisions: whoever does finds them. Eight words take in 32 bytes at a time and are stirred by add, rotate and xor. The
 * stirring is a permutation, so two states that differ stay different unless the next block makes up for it.
 */
export const mixingHash: Hash = bytes => {
  const { length } = bytes
  let a = 0x243f6a88
  let b = 0x85a308d3
  let c = 0x13198a2e
  let d = 0x03707344
  let e = 0xa4093822
  let f = 0x299f31d0
  let g = 0x082efa98
  let h = 0xec4e6c89
  const filled = Math.ceil(length / blockBytes) * blockBytes
  const end = filled + closingBlocks * blockBytes
  for (let at = 0; at < end; at += blockBytes) {
    if (at === filled) a ^= length
    if (at < length) {
      const isWhole = at + blockBytes <= length
      const from = isWhole ? bytes : padded(bytes, at)
      const o = isWhole ? at : 0
      a ^= word(from, o)
      b ^= word(from, o + 4)
      c ^= word(from, o + 8)
      d ^= word(from, o + 12)
      e ^= word(from, o + 16)
      f ^= word(from, o + 20)
      g ^= word(from, o + 24)
      h ^= word(from, o + 28)
    }
    // Down the columns, then across: after two of these every word has been in every other.
    for (let half = 0; half < 2; half++) {
      a = (a + b) | 0
      c = (c + d) | 0
      e = (e + f) | 0
      g = (g + h) | 0
      b = ((b << 5) | (b >>> 27)) ^ a
      d = ((d << 8) | (d >>> 24)) ^ c
      f = ((f << 7) | (f >>> 25)) ^ e
      h = ((h << 13) | (h >>> 19)) ^ g
      a = (((a << 16) | (a >>> 16)) + d) | 0
      c = (((c << 16) | (c >>> 16)) + f) | 0
      e = (((e << 16) | (e >>> 16)) + h) | 0
      g = (((g << 16) | (g >>> 16)) + b) | 0
      d = ((d << 11) | (d >>> 21)) ^ a
      f = ((f << 17) | (f >>> 15)) ^ c
      h = ((h << 19) | (h >>> 13)) ^ e
      b = ((b << 3) | (b >>> 29)) ^ g
      const moved = a
      a = (c + 0x9e3779b9) | 0
      c = e
      e = g
      g = moved
    }
  }
  const out = new Uint8Array(blockBytes)
  put(out, 0, a)
  put(out, 4, b)
  put(out, 8, c)
  put(out, 12, d)
  put(out, 16, e)
  put(out, 20, f)
  put(out, 24, g)
  put(out, 28, h)
  return out
}

const last = new Uint8Array(blockBytes)

function padded(bytes: Uint8Array, from: number): Uint8Array {
  const count = bytes.length - from
  for (let i = 0; i < blockBytes; i++) last[i] = i < count ? (bytes[from + i] as number) : 0
  return last
}

function word(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  )
}

function put(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = (value >>> 16) & 0xff
  bytes[at + 2] = (value >>> 8) & 0xff
  bytes[at + 3] = value & 0xff
}
