import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { concatBytes, streamClasses } from '@novacron/base'
import { expect, test } from 'vitest'
import { type DirectCertificate, makeDirectCertificate } from '../../src/direct/certificate.ts'
import { openDirectSockets } from '../../src/direct/direct-client.ts'
import { DirectServer } from '../../src/direct/direct-server.ts'
import { Door } from '../../src/direct/door.ts'
import { directContext } from '../../src/direct/handshake.ts'
import type { RawStream } from '../../src/link/raw-stream.ts'

const session = new Uint8Array(16).fill(5)
const certificates = { server: makeDirectCertificate(), client: makeDirectCertificate() }
const never = new AbortController().signal

interface Place extends AsyncDisposable {
  readonly server: DirectServer
  readonly port: number
}

/** A direct server with nothing in front of it. */
async function listen(timeoutMs = 5_000, handshakesMax = 8): Promise<Place> {
  const server = new DirectServer({ handshakesMax, timeoutMs }, directContext(certificates.server))
  const tcp = createServer(socket => server.accept(socket))
  await new Promise<void>(resolve => tcp.listen(0, '127.0.0.1', resolve))
  return {
    server,
    port: portOf(tcp),
    async [Symbol.asyncDispose]() {
      server[Symbol.dispose]()
      await new Promise(resolve => tcp.close(resolve))
    }
  }
}

function portOf(server: Server): number {
  return (server.address() as { port: number }).port
}

/** Resolves when the socket has been hung up on. */
function closed(socket: Socket): Promise<unknown> {
  socket.on('error', () => undefined)
  socket.resume()
  return new Promise(resolve => socket.once('close', resolve))
}

function dial(port: number, certificate?: DirectCertificate): TLSSocket {
  return connectTls({
    host: '127.0.0.1',
    port,
    rejectUnauthorized: false,
    ...(certificate === undefined ? {} : { secureContext: directContext(certificate) })
  })
}

const targetOf = ({ port }: Place, fingerprint = certificates.server.fingerprint) => {
  return { host: '127.0.0.1', port, fingerprint, session }
}

test('sockets of the announced certificates meet, each with its class', async () => {
  await using place = await listen()
  const expected = place.server.expect(session, certificates.client.fingerprint, never)
  const context = directContext(certificates.client)
  const dialed = await openDirectSockets(targetOf(place), context, never)
  const accepted = await expected
  for (const streamClass of streamClasses) {
    const message = new Uint8Array([1, 2, streamClass.length])
    const received = new Promise<Uint8Array>(resolve => {
      const stream: RawStream = accepted[streamClass]
      stream.addEventListener('message', ({ data }) => resolve(data as Uint8Array))
    })
    accepted[streamClass].start()
    dialed[streamClass].send(message)
    expect(new Uint8Array(await received), streamClass).toEqual(message)
  }
  expect(place.server.handshakes).toBe(0)
  for (const streamClass of streamClasses) dialed[streamClass].abort()
  expect(() => dialed.order.send(new Uint8Array(1))).toThrow('socket is closed')
})

test('a server with another certificate than it announced is told nothing', async () => {
  await using place = await listen()
  const other = makeDirectCertificate().fingerprint
  const expected = place.server.expect(session, certificates.client.fingerprint, never)
  const refused = expect(expected).rejects.toThrow('stopped')
  const context = directContext(certificates.client)
  await expect(openDirectSockets(targetOf(place, other), context, never)).rejects.toThrow(
    'wrong certificate'
  )
  place.server[Symbol.dispose]()
  await refused
})

test.each([
  { name: 'another certificate than the announced one', certificate: makeDirectCertificate() },
  { name: 'no certificate', certificate: undefined }
])('a client with $name is hung up on before it can say anything', async ({ certificate }) => {
  await using place = await listen()
  const cancelled = new AbortController()
  const expected = place.server.expect(session, certificates.client.fingerprint, cancelled.signal)
  const refused = expect(expected).rejects.toThrow('time is over')
  const stranger = dial(place.port, certificate)
  stranger.write(concatBytes([session, new Uint8Array([0])]))
  await closed(stranger)
  cancelled.abort()
  await refused
  expect(place.server.handshakes).toBe(0)
})

test.each([
  { name: 'a session of nobody', preface: [...new Uint8Array(16).fill(6), 0] },
  { name: 'a class that there is not', preface: [...session, 3] }
])('the right certificate with $name is hung up on', async ({ preface }) => {
  await using place = await listen()
  const cancelled = new AbortController()
  const expected = place.server.expect(session, certificates.client.fingerprint, cancelled.signal)
  const refused = expect(expected).rejects.toThrow('time is over')
  const liar = dial(place.port, certificates.client)
  liar.write(new Uint8Array(preface))
  await closed(liar)
  cancelled.abort()
  await refused
})

test('a session of one peer is of no use to another one that is expected too', async () => {
  await using place = await listen()
  const cancelled = new AbortController()
  const thief = makeDirectCertificate()
  const mine = place.server.expect(session, certificates.client.fingerprint, cancelled.signal)
  const other = new Uint8Array(16).fill(9)
  const theirs = place.server.expect(other, thief.fingerprint, cancelled.signal)
  const refused = Promise.all(
    [mine, theirs].map(one => expect(one).rejects.toThrow('time is over'))
  )
  const socket = dial(place.port, thief)
  socket.write(concatBytes([session, new Uint8Array([0])]))
  await closed(socket)
  cancelled.abort()
  await refused
})

test('a class is taken once, and what was agreed is of no use a second time', async () => {
  await using place = await listen()
  const expected = place.server.expect(session, certificates.client.fingerprint, never)
  const context = directContext(certificates.client)
  await openDirectSockets(targetOf(place), context, never)
  const accepted = await expected
  await expect(openDirectSockets(targetOf(place), context, never)).rejects.toThrow('closed')
  for (const streamClass of streamClasses) accepted[streamClass].abort()
})

test('a socket that breaks before all are there fails the session', async () => {
  await using place = await listen()
  const expected = place.server.expect(session, certificates.client.fingerprint, never)
  const refused = expect(expected).rejects.toThrow('closed')
  const socket = dial(place.port, certificates.client)
  socket.write(concatBytes([session, new Uint8Array([0])]), () => socket.destroy())
  await refused
})

test('while nobody is expected there are no handshakes', async () => {
  await using place = await listen()
  await closed(dial(place.port, certificates.client))
  expect(place.server.handshakes).toBe(0)
})

test('handshakes are bounded in number', async () => {
  await using place = await listen(60_000, 2)
  const expected = place.server.expect(session, certificates.client.fingerprint, never)
  const refused = expect(expected).rejects.toThrow('stopped')
  const silent = closed(connectTcp({ host: '127.0.0.1', port: place.port }))
  const halfway = closed(dial(place.port, certificates.client))
  await expect.poll(() => place.server.handshakes).toBe(2)
  await closed(connectTcp({ host: '127.0.0.1', port: place.port }))
  expect(place.server.handshakes).toBe(2)
  place.server[Symbol.dispose]()
  await Promise.all([refused, silent, halfway])
})

test('handshakes are bounded in time, at whatever step they stand still', async () => {
  await using place = await listen(150)
  const expected = place.server.expect(session, certificates.client.fingerprint, never)
  const refused = expect(expected).rejects.toThrow('stopped')
  const silent = connectTcp({ host: '127.0.0.1', port: place.port })
  const halfway = dial(place.port, certificates.client)
  await Promise.all([closed(silent), closed(halfway)])
  await expect.poll(() => place.server.handshakes).toBe(0)
  place.server[Symbol.dispose]()
  await refused
})

test('a dial ends when its time is over, and leaves nothing open', async () => {
  const accepted: Socket[] = []
  const mute = createServer(socket => void accepted.push(socket))
  await new Promise<void>(resolve => mute.listen(0, '127.0.0.1', resolve))
  const target = { host: '127.0.0.1', port: portOf(mute), fingerprint: session, session }
  const context = directContext(certificates.client)
  await expect(openDirectSockets(target, context, AbortSignal.timeout(100))).rejects.toThrow()
  await expect(openDirectSockets(target, context, AbortSignal.abort())).rejects.toThrow()
  await Promise.all(accepted.map(closed))
  await new Promise(resolve => mute.close(resolve))
})

/** A door before a listener of libp2p's, which lets in two at a time that say nothing. */
async function openDoor(timeoutMs: number) {
  const direct: Socket[] = []
  const other: Socket[] = []
  const door = new Door({ silentMax: 2, timeoutMs }, socket => void direct.push(socket))
  const server = createServer(socket => void other.push(socket))
  const onSocket = (socket: Socket): void => void other.push(socket)
  const transport = { createListener: () => ({ server, onSocket }) }
  door
    .stand(() => transport as never)({})
    .createListener({} as never)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    door,
    direct,
    other,
    dial(first?: number): Socket {
      const socket = connectTcp({ host: '127.0.0.1', port: portOf(server) })
      if (first !== undefined) socket.write(new Uint8Array([first, 7]))
      return socket
    },
    async [Symbol.asyncDispose]() {
      door[Symbol.dispose]()
      await new Promise(resolve => server.close(resolve))
    }
  }
}

test('the door tells by the first byte whose a connection is', async () => {
  await using place = await openDoor(60_000)
  const { direct, other } = place
  const gone = [place.dial(0x16), place.dial(0x13)].map(closed)
  await expect.poll(() => [direct.length, other.length]).toEqual([1, 1])
  for (const socket of [...direct, ...other]) {
    // The byte that decided is still there.
    expect(socket.read(2)).toEqual(Buffer.from(socket === direct[0] ? [0x16, 7] : [0x13, 7]))
    socket.destroy()
  }
  await Promise.all(gone)
})

test('the door hangs up on too many that say nothing, and on all once it is closed', async () => {
  await using place = await openDoor(60_000)
  const silent = [place.dial(), place.dial()].map(closed)
  await expect.poll(() => place.door.silent).toBe(2)
  await closed(place.dial(0x16))
  expect(place.door.silent).toBe(2)
  place.door[Symbol.dispose]()
  await Promise.all(silent)
  await closed(place.dial(0x16))
  expect(place.direct).toHaveLength(0)
})

test('the door hangs up on those that say nothing for too long, and on those that end', async () => {
  await using hasty = await openDoor(100)
  await Promise.all([hasty.dial(), hasty.dial()].map(closed))
  await expect.poll(() => hasty.door.silent).toBe(0)
  await using patient = await openDoor(60_000)
  const ended = patient.dial()
  ended.end()
  await closed(ended)
  await expect.poll(() => patient.door.silent).toBe(0)
})
