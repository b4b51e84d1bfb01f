/** A copy that is a plain Uint8Array. `slice` will not do: on a Buffer it is a view. */
export function copyOfBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

/** The same memory as a plain Uint8Array, for what leaves the store. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
