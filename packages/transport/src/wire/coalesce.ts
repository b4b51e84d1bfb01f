/**
 * Joins small pieces into writes of `writeBytesMax` and cuts big ones into views of that size: many small writes cost
 * four times their CPU under encryption, and one huge write would let votes wait behind it.
 */
export function* coalesce(
  pieces: Iterable<Uint8Array>,
  writeBytesMax: number
): Generator<Uint8Array> {
  let parts: Uint8Array[] = []
  let size = 0
  for (const piece of pieces) {
    let offset = 0
    while (piece.length - offset >= writeBytesMax - size) {
      const end = offset + writeBytesMax - size
      parts.push(piece.subarray(offset, end))
      yield joined(parts)
      parts = []
      size = 0
      offset = end
    }
    if (offset < piece.length) {
      parts.push(offset === 0 ? piece : piece.subarray(offset))
      size += piece.length - offset
    }
  }
  if (size > 0) yield joined(parts)
}

/** Memory that is filled at once need not be cleared before. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts
  return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts)
}
