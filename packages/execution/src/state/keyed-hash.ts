/** Two words of 32 bits that nobody outside knows. */
export type HashSeed = readonly [number, number]

/**
 * HalfSipHash-1-3 with 32 bits (Aumasson, Bernstein: "SipHash: a fast short-input PRF"; the variant for 32-bit words is in the
 * authors' reference code): who does not know the seed cannot search for keys with equal hashes. Returns an unsigned number.
 */
export function keyedHash([k0, k1]: HashSeed, bytes: Uint8Array): number {
  const { length } = bytes
  let v0 = k0 | 0
  let v1 = k1 | 0
  let v2 = 0x6c79_6765 ^ k0
  let v3 = 0x7465_6462 ^ k1
  // Words of four bytes, then what is left with the length above it, then three rounds of nothing.
  const words = length >>> 2
  for (let round = 0; round < words + 4; round++) {
    let word = 0
    const at = round << 2
    if (round < words) {
      word =
        (bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24)
    } else if (round === words) {
      word = length << 24
      for (let i = at; i < length; i++) word |= (bytes[i] as number) << ((i & 3) << 3)
    }
    v3 ^= word
    v0 = (v0 + v1) | 0
    v1 = (v1 << 5) | (v1 >>> 27)
    v1 ^= v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = (v3 << 8) | (v3 >>> 24)
    v3 ^= v2
    v0 = (v0 + v3) | 0
    v3 = (v3 << 7) | (v3 >>> 25)
    v3 ^= v0
    v2 = (v2 + v1) | 0
    v1 = (v1 << 13) | (v1 >>> 19)
    v1 ^= v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= word
    if (round === words) v2 ^= 0xff
  }
  return (v1 ^ v3) >>> 0
}
