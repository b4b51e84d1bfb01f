import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import { equalBytes } from '@novacron/base'
import { type DirectCertificate, fingerprintOf } from './certificate.ts'

/** TLS 1.3 and nothing else, no resumption: each socket proves the key of its certificate anew. */
export function directContext({ certificatePem, keyPem }: DirectCertificate): SecureContext {
  return createSecureContext({
    cert: certificatePem,
    key: keyPem,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    // The first is the cheapest where the processor knows AES.
    ciphers: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256',
    secureOptions: constants.SSL_OP_NO_TICKET
  })
}

/** SHA-256 of the certificate whose key the other end has proved to hold just now; undefined without one. */
export function peerFingerprint(socket: TLSSocket): Uint8Array | undefined {
  const certificate = socket.isSessionReused() ? undefined : socket.getPeerX509Certificate()
  return certificate === undefined ? undefined : fingerprintOf(certificate.raw)
}

/**
 * The server's half on an accepted socket. `rejectUnauthorized` is off because no authority has signed what we compare
 * whole; nothing may be read before that.
 */
export function acceptTls(socket: Socket, secureContext: SecureContext): TLSSocket {
  return new TLSSocket(socket, {
    isServer: true,
    requestCert: true,
    rejectUnauthorized: false,
    secureContext
  })
}

/** The client's half; resolves when the server has proved the certificate of `fingerprint`. */
export async function connectTls(
  { host, port }: { readonly host: string; readonly port: number },
  secureContext: SecureContext,
  fingerprint: Uint8Array,
  signal: AbortSignal
): Promise<TLSSocket> {
  signal.throwIfAborted()
  const socket = connect({ host, port, secureContext, rejectUnauthorized: false })
  socket.setNoDelay(true)
  const secured = Promise.withResolvers<void>()
  const onClose = (): void => secured.reject(new Error('closed'))
  const onAbort = (): void => void socket.destroy()
  socket.once('secureConnect', () => secured.resolve())
  // A close follows.
  socket.on('error', () => undefined)
  socket.once('close', onClose)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await secured.promise
  } finally {
    signal.removeEventListener('abort', onAbort)
    socket.removeListener('close', onClose)
  }
  const shown = peerFingerprint(socket)
  if (shown === undefined || !equalBytes(shown, fingerprint)) {
    socket.destroy()
    throw new Error('wrong certificate')
  }
  return socket
}
