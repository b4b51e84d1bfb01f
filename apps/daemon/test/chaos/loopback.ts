import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A server that gives its connections to the test. */
export async function serve(onConnection: (socket: Socket) => void = () => {}) {
  const sockets: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, socket => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    onConnection(socket)
  })
  server.listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { sockets, target: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } }
}

/** A connection that collects what it hears. */
export function dial(port: number) {
  const socket = connect({ host: '127.0.0.1', port })
  const parts: Buffer[] = []
  let error: string | undefined
  socket.on('data', part => parts.push(part as Buffer))
  socket.on('error', found => {
    error = (found as NodeJS.ErrnoException).code
  })
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
  const ended = new Promise<void>(resolve => socket.once('end', () => resolve()))
  onTestFinished(() => void socket.destroy())
  return {
    socket,
    closed,
    ended,
    get heard() {
      return Buffer.concat(parts)
    },
    get error() {
      return error
    }
  }
}

/** Sends everything back, and ends when the other side does. */
export const echo = (socket: Socket) => void socket.pipe(socket)
