import { chmod, rm, stat } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { dirname } from 'node:path'
import { Fault } from '@novacron/base'

/** `sun_path` holds 108 bytes on Linux and 104 on macOS, the final zero included; longer paths are cut silently. */
export const socketPathBytesMax = 100

export type SocketFault =
  | {
      readonly code: 'socket-path-too-long'
      readonly path: string
      readonly bytes: number
      readonly limit: number
    }
  | { readonly code: 'socket-directory-open'; readonly path: string; readonly mode: string }
  | { readonly code: 'socket-in-use'; readonly path: string }
  | { readonly code: 'address-in-use'; readonly host: string; readonly port: number }
  | { readonly code: 'listen-failed'; readonly where: string; readonly reason: string }

/**
 * Listens on `path`, which only its owner can open: the socket gets mode 0600, and its directory must be closed to
 * others, since the mode is set just after the socket is made. A socket that a dead process left is removed.
 *
 * throws  Fault<SocketFault>
 */
export async function listenUnix(server: Server, path: string): Promise<void> {
  const bytes = Buffer.byteLength(path)
  if (bytes > socketPathBytesMax) {
    throw new Fault<SocketFault>({
      code: 'socket-path-too-long',
      path,
      bytes,
      limit: socketPathBytesMax
    })
  }
  const mode = await directoryMode(path)
  if ((mode & 0o077) !== 0) {
    const facts = { code: 'socket-directory-open', path: dirname(path), mode: mode.toString(8) }
    throw new Fault(facts as SocketFault)
  }
  if (await isAnswering(path)) throw new Fault<SocketFault>({ code: 'socket-in-use', path })
  await rm(path, { force: true })
  await listening(server, path, () => server.listen({ path }))
  await chmod(path, 0o600)
}

/** Listens on TCP and returns the port, which the system chooses for 0. */
export async function listenTcp(server: Server, host: string, port: number): Promise<number> {
  await listening(server, `${host}:${port}`, () => server.listen({ host, port }), { host, port })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

async function directoryMode(path: string): Promise<number> {
  try {
    return (await stat(dirname(path))).mode & 0o777
  } catch (cause) {
    throw listenFailed(path, cause)
  }
}

function isAnswering(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const probe = connect({ path })
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
}

function listening(
  server: Server,
  where: string,
  listen: () => void,
  tcp?: { readonly host: string; readonly port: number }
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const taken = error.code === 'EADDRINUSE' && tcp !== undefined
      reject(
        taken
          ? new Fault<SocketFault>({ code: 'address-in-use', ...tcp }, { cause: error })
          : listenFailed(where, error)
      )
    }
    server.once('error', onError)
    server.once('listening', () => {
      server.off('error', onError)
      resolve()
    })
    listen()
  })
}

function listenFailed(where: string, cause: unknown): Fault<SocketFault> {
  const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
  return new Fault<SocketFault>({ code: 'listen-failed', where, reason }, { cause })
}
