const polynomial = 0x82f63b78
const slices = 8
/** One table after the other, of 256 entries each: what a byte does that is followed by so many others. */
const tables = makeTables()

function makeTables(): Uint32Array {
  const made = new Uint32Array(slices * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ polynomial
    made[byte] = crc
  }
  for (let at = 256; at < made.length; at++) {
    const before = made[at - 256] as number
    made[at] = (before >>> 8) ^ (made[before & 0xff] as number)
  }
  return made
}

/**
 * The checksum of LevelDB's files; `zlib.crc32` is of another polynomial. Eight bytes a step.
 *
 * source: Castagnoli et al., IEEE Transactions on Communications 41(6), 1993; RFC 3720, appendix B.4
 */
export function crc32c(bytes: Uint8Array): number {
  const t = tables
  let crc = 0xffffffff
  let at = 0
  for (const end = bytes.length - (bytes.length % slices); at < end; at += slices) {
    const low =
      crc ^
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24))
    crc =
      (t[1_792 + (low & 0xff)] as number) ^
      (t[1_536 + ((low >>> 8) & 0xff)] as number) ^
      (t[1_280 + ((low >>> 16) & 0xff)] as number) ^
      (t[1_024 + (low >>> 24)] as number) ^
      (t[768 + (bytes[at + 4] as number)] as number) ^
      (t[512 + (bytes[at + 5] as number)] as number) ^
      (t[256 + (bytes[at + 6] as number)] as number) ^
      (t[bytes[at + 7] as number] as number)
  }
  for (; at < bytes.length; at++)
    crc = (t[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}
