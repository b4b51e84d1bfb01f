import type { SecureContext, TLSSocket } from 'node:tls'
import { concatBytes, type StreamClass, streamClasses } from '@novacron/base'
import type { DirectStreams } from './direct-server.ts'
import { DirectStream } from './direct-stream.ts'
import { connectTls } from './handshake.ts'

export interface DirectTarget {
  readonly host: string
  readonly port: number
  /** Of the certificate that the peer has announced. */
  readonly fingerprint: Uint8Array
  readonly session: Uint8Array
}

/** Opens one socket for each class; resolves when the peer has taken all three, and leaves none open otherwise. */
export async function openDirectSockets(
  target: DirectTarget,
  context: SecureContext,
  signal: AbortSignal
): Promise<DirectStreams> {
  const failed = new AbortController()
  const either = AbortSignal.any([signal, failed.signal])
  const sockets: TLSSocket[] = []
  const open = async (streamClass: StreamClass): Promise<DirectStream> => {
    const socket = await connectTls(target, context, target.fingerprint, either)
    sockets.push(socket)
    const place = new Uint8Array([streamClasses.indexOf(streamClass)])
    socket.write(concatBytes([target.session, place]))
    await welcomed(socket, either)
    return new DirectStream(socket)
  }
  try {
    const [order, sync, bulk] = await Promise.all([open('order'), open('sync'), open('bulk')])
    return { order, sync, bulk }
  } catch (error) {
    failed.abort()
    for (const socket of sockets) socket.destroy()
    throw error
  }
}

/** Takes the one byte with which the peer says that it has all sockets. */
async function welcomed(socket: TLSSocket, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onReadable = (): void => {
    if (socket.read(1) !== null) resolve()
  }
  const onClose = (): void => reject(new Error('closed'))
  socket.on('readable', onReadable)
  socket.once('close', onClose)
  signal.addEventListener('abort', onClose, { once: true })
  onReadable()
  try {
    await promise
  } finally {
    socket.removeListener('readable', onReadable)
    socket.removeListener('close', onClose)
    signal.removeEventListener('abort', onClose)
  }
}
