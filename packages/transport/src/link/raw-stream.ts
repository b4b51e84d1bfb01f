/** Bytes that a stream brings: one piece, or several. */
export type StreamData = Uint8Array | (Iterable<Uint8Array> & { readonly byteLength: number })

/**
 * The part of a libp2p stream that we use, and what stands in its place on the direct plane. Not libp2p's `onDrain`,
 * `pause`, `resume` or iterator: they lose back-pressure.
 */
export interface RawStream {
  readonly writableNeedsDrain: boolean
  /** False when it should be given no more before `drain`; the bytes are taken all the same. Throws once closed. */
  send(bytes: Uint8Array): boolean
  abort(error: Error): void
  addEventListener(type: 'message', listener: (event: { readonly data: StreamData }) => void): void
  addEventListener(type: 'drain' | 'remoteCloseWrite', listener: () => void): void
  addEventListener(type: 'close', listener: (event: { readonly error?: Error }) => void): void
}

/** One that keeps what comes until it is started. */
export interface HeldStream extends RawStream {
  start(): void
}
