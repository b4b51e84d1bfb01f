/**
 * Keys as strings of one character a byte: a Map finds them by value, and `<` on them is the order of the bytes.
 */
export type ByteKey = string

/** Arguments of one call; a longer spread could overflow the stack. */
const pieceLength = 1_024

export function byteKeyOf(bytes: Uint8Array): ByteKey {
  if (bytes.length <= pieceLength) return textOf(bytes)
  let key = ''
  for (let start = 0; start < bytes.length; start += pieceLength) {
    key += textOf(bytes.subarray(start, start + pieceLength))
  }
  return key
}

/** A typed array will do for the list of arguments, whatever the type says; spreading it would walk an iterator. */
function textOf(bytes: Uint8Array): string {
  return String.fromCharCode.apply(undefined, bytes as unknown as number[])
}

export function bytesOfKey(key: ByteKey): Uint8Array {
  const bytes = new Uint8Array(key.length)
  for (let i = 0; i < key.length; i++) bytes[i] = key.charCodeAt(i)
  return bytes
}

/** The lowest key above every key that starts with `prefix`; undefined when there is none. */
export function keyAfterPrefix(prefix: ByteKey): ByteKey | undefined {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const code = prefix.charCodeAt(i)
    if (code < 0xff) return prefix.slice(0, i) + String.fromCharCode(code + 1)
  }
  return undefined
}
