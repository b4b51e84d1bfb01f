import { expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { Outbox } from '../../src/api/outbox.ts'

/** Holds what is sent until `drain`. */
class HeldSocket {
  readonly sent: string[] = []
  bufferedAmount = 0
  #callbacks: (() => void)[] = []

  send(text: string, callback: () => void): void {
    this.sent.push(text)
    this.bufferedAmount += text.length
    this.#callbacks.push(callback)
  }

  drain(): void {
    this.bufferedAmount = 0
    for (const callback of this.#callbacks.splice(0)) callback()
  }
}

function held(subscriptionBufferMax: number) {
  const socket = new HeldSocket()
  let overflows = 0
  const outbox = new Outbox(
    { subscriptionBufferMax, socketBufferBytesMax: 10 },
    { socket: socket as unknown as WebSocket, onOverflow: () => overflows++ }
  )
  return { socket, outbox, overflows: () => overflows }
}

test('notifications wait while the socket is full and leave in order', async () => {
  const { socket, outbox } = held(5)
  outbox.notify('0123456789')
  outbox.notify('b')
  outbox.notify('c')
  expect(socket.sent).toEqual(['0123456789'])
  expect(outbox.isFull).toBe(true)
  let isRoom = false
  const room = outbox.room().then(() => {
    isRoom = true
  })
  await Promise.resolve()
  expect(isRoom).toBe(false)
  socket.drain()
  expect(socket.sent).toEqual(['0123456789', 'b', 'c'])
  await room
  await outbox.room()
})

test('as many wait as the limit says, and one more is an overflow', () => {
  const { socket, outbox, overflows } = held(3)
  outbox.notify('0123456789')
  for (const text of ['a', 'b', 'c']) outbox.notify(text)
  expect(overflows()).toBe(0)
  outbox.notify('d')
  expect(overflows()).toBe(1)
  socket.drain()
  expect(socket.sent).toEqual(['0123456789', 'a', 'b', 'c'])
})

test('answers do not wait for notifications, and resolve when they have left', async () => {
  const { socket, outbox } = held(3)
  outbox.notify('0123456789')
  outbox.notify('b')
  const answered = outbox.answer('answer')
  expect(socket.sent).toEqual(['0123456789', 'answer'])
  socket.drain()
  await answered
  expect(socket.sent).toEqual(['0123456789', 'answer', 'b'])
})

test('a closed outbox sends nothing and lets nobody wait', async () => {
  const { socket, outbox } = held(3)
  outbox.notify('0123456789')
  outbox.notify('b')
  const room = outbox.room()
  outbox.close()
  await room
  await outbox.answer('late')
  outbox.notify('late')
  await outbox.room()
  socket.drain()
  expect(socket.sent).toEqual(['0123456789'])
})
