import { Fault } from '@novacron/base'
import { expect, test } from 'vitest'
import { Lane, type LaneOwner, writeBytesMax } from '../../src/link/lane.ts'
import { helloRecord } from '../../src/wire/control.ts'
import type { WireRecord } from '../../src/wire/record.ts'
import { FakeStream } from './fake-stream.ts'

const limits = { frameBytesMax: 200_000, windowBytes: 400_000, queueBytesMax: 1_000_000 }
const incarnation = new Uint8Array(8)

function laneWith(granted = limits): { lane: Lane; stream: FakeStream; told: string[] } {
  const told: string[] = []
  const owner: LaneOwner = {
    isClosed: false,
    onHello: ({ windowBytes }) => told.push(`hello ${windowBytes}`),
    onControl: (_lane, { kind }) => told.push(kind),
    onFrame: (_lane, frame) => told.push(`frame ${frame.length}`),
    onReceived: () => undefined,
    onDropped: (_lane, frames) => told.push(`dropped ${frames.length}`),
    onWritable: () => told.push('writable'),
    onBroken: (code, error) => told.push(error instanceof Fault ? error.code : code)
  }
  const lane = new Lane('bulk', limits, granted, owner)
  const stream = new FakeStream()
  lane.attach(stream.raw)
  return { lane, stream, told }
}

test('nothing is sent before the peer has granted credit, then as much as it granted', () => {
  const { lane, stream } = laneWith()
  for (const _ of [1, 2, 3]) expect(lane.offer(new Uint8Array(200_000))).toBeUndefined()
  lane.handOver(false)
  expect(stream.writes).toEqual([])
  stream.receive(helloRecord(incarnation, 200_000, 400_000))
  lane.handOver(false)
  expect(stream.records().map(({ payload }) => payload.length)).toEqual([200_000, 200_000])
  expect([lane.inFlightBytes, lane.queuedBytes, lane.isSendable]).toEqual([400_000, 200_000, false])
  lane.handled(200_000)
  expect(lane.isSendable).toBe(true)
  lane.handOver(false)
  expect(lane.queuedBytes).toBe(0)
})

test('a peer cannot make us send more than our own limits, whatever it grants', () => {
  const { lane, stream } = laneWith()
  stream.receive(helloRecord(incarnation, 2 ** 31, 2 ** 31))
  expect(lane.offer(new Uint8Array(200_001))).toBe('too-large')
  for (const _ of [1, 2, 3]) lane.offer(new Uint8Array(200_000))
  lane.handOver(true)
  expect(lane.inFlightBytes).toBe(400_000)
})

test('writes follow the stream one by one, or go at once when eager', () => {
  const { lane, stream } = laneWith()
  stream.receive(helloRecord(incarnation, 200_000, 400_000))
  stream.room = 1
  lane.offer(new Uint8Array(200_000))
  lane.handOver(false)
  lane.handOver(false)
  expect(stream.writes.map(({ length }) => length)).toEqual([writeBytesMax])
  stream.writableNeedsDrain = false
  stream.room = 1
  lane.handOver(false)
  expect(stream.writes).toHaveLength(2)
  lane.handOver(true)
  expect(stream.records()).toHaveLength(1)
})

test('small frames of one turn leave as one write', () => {
  const { lane, stream } = laneWith()
  stream.receive(helloRecord(incarnation, 200_000, 400_000))
  for (let n = 0; n < 100; n++) lane.offer(new Uint8Array(100))
  lane.handOver(false)
  expect(stream.writes).toHaveLength(1)
  expect(stream.records()).toHaveLength(100)
})

test('a grant is kept until the stream is there, and counts what the peer then sends', () => {
  const { lane, stream, told } = laneWith({
    frameBytesMax: 100,
    windowBytes: 150,
    queueBytesMax: 100
  })
  lane.grant(incarnation)
  expect(lane.isSendable).toBe(true)
  lane.handOver(false)
  expect(stream.records().map(({ kind }) => kind)).toEqual(['hello'])
  const frame = (length: number): WireRecord => ({ kind: 'frame', payload: new Uint8Array(length) })
  stream.receive(frame(100))
  expect(lane.pendingBytes).toBe(100)
  expect(lane.dueCredit()).toBeUndefined()
  lane.settle(100)
  expect([lane.pendingBytes, lane.dueCredit()]).toEqual([0, 100])
  stream.receive(frame(100), frame(51))
  expect(told.slice(-2)).toEqual(['frame 100', 'credit-exceeded'])
})

test('frames queued before the peer named a smaller limit are dropped and counted', () => {
  const { lane, stream, told } = laneWith()
  for (const length of [10, 5000, 20]) lane.offer(new Uint8Array(length))
  stream.receive(helloRecord(incarnation, 1000, 2000))
  expect(told).toContain('dropped 1')
  lane.handOver(false)
  expect(stream.records().map(({ payload }) => payload.length)).toEqual([10, 20])
})

test.each([
  {
    name: 'a second hello',
    second: helloRecord(incarnation, 1000, 2000),
    told: 'misplaced-record'
  },
  {
    name: 'a hello of the wrong length',
    second: { kind: 'hello' as const, payload: new Uint8Array(15) },
    told: 'bad-record'
  }
])('$name breaks the protocol', ({ second, told: code }) => {
  const { stream, told } = laneWith()
  stream.receive(helloRecord(incarnation, 1000, 2000), second)
  expect(told.at(-1)).toBe(code)
})

test('a hello that grants a window below its frame limit breaks the protocol', () => {
  const { stream, told } = laneWith()
  stream.receive(helloRecord(incarnation, 2000, 1999))
  expect(told.at(-1)).toBe('misplaced-record')
})

test('credit for more than was sent breaks the protocol', () => {
  const { lane } = laneWith()
  expect(() => lane.handled(1)).toThrow('bad-record')
})

test('a stream that ends, closes or refuses a write is reported, once it is attached and never twice', () => {
  const { lane, stream, told } = laneWith()
  stream.emit('remoteCloseWrite')
  stream.emit('close', { error: new Error('reset') })
  expect(told.slice(-2)).toEqual(['closed-by-peer', 'stream-closed'])
  stream.receive(helloRecord(incarnation, 1000, 2000))
  lane.offer(new Uint8Array(1))
  stream.isBroken = true
  lane.handOver(false)
  expect(told.at(-1)).toBe('stream-closed')
  stream.emit('drain')
  expect(told.at(-1)).toBe('writable')
  expect(() => lane.attach(stream.raw)).toThrow('second bulk stream')
})

test('a lane without a stream only queues', () => {
  const { lane: attached } = laneWith()
  const lane = new Lane('sync', limits, limits, {} as LaneOwner)
  expect(lane.offer(new Uint8Array(10))).toBeUndefined()
  lane.handOver(true)
  expect([lane.isSendable, lane.isOpen, lane.isAttached, lane.isBacklogged]).toEqual([
    false,
    false,
    false,
    false
  ])
  expect([attached.isAttached, attached.isOpen]).toEqual([true, false])
  expect(lane.queuedFrames).toBe(1)
})
