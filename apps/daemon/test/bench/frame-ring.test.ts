import { expect, test } from 'vitest'
import { FrameRing } from '../../src/bench/frame-ring.ts'
import { payloadPlan } from '../../src/bench/payload-plan.ts'

const session = new Uint8Array(16).fill(7)
const slotBytes = 31 + 20

/** Session at 3, sequence u64 at 19, payload length u32 at 27, payload at 31. */
function envelopeOf(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer)
  expect(view.getUint32(27)).toBe(bytes.length - 31)
  const sequence = Number(view.getBigUint64(19))
  return { session: bytes.slice(3, 19), sequence, payload: bytes.slice(31) }
}

function envelopesOf(frame: Uint8Array) {
  const length = new DataView(frame.buffer, frame.byteOffset).getUint32(0)
  expect(frame).toHaveLength(4 + length)
  return Array.from({ length: length / slotBytes }, (_, i) =>
    envelopeOf(frame.slice(4 + i * slotBytes, 4 + (i + 1) * slotBytes))
  )
}

test('a frame holds envelopes of the session with the numbers that were asked for', () => {
  const ring = new FrameRing(
    { session, transactionsPerFrame: 3, frames: 2 },
    payloadPlan('log', 20)
  )
  const beyondAWord = 2 ** 33 + 4
  const envelopes = envelopesOf(ring.take(beyondAWord, 3) as Uint8Array)
  expect(envelopes.map(({ sequence }) => sequence)).toEqual([
    beyondAWord,
    beyondAWord + 1,
    beyondAWord + 2
  ])
  for (const envelope of envelopes) {
    expect(envelope.session).toEqual(session)
    expect(envelope.payload).toHaveLength(20)
  }
  expect(new Set(envelopes.map(({ payload }) => Buffer.from(payload).toString('hex'))).size).toBe(3)
})

test('a frame that is not full is cut to what it holds', () => {
  const ring = new FrameRing(
    { session, transactionsPerFrame: 3, frames: 2 },
    payloadPlan('log', 20)
  )
  const envelopes = envelopesOf(ring.take(5, 1) as Uint8Array)
  expect(envelopes.map(({ sequence }) => sequence)).toEqual([5])
})

test('memory that waits for the socket is not written again', () => {
  const ring = new FrameRing(
    { session, transactionsPerFrame: 1, frames: 2 },
    payloadPlan('log', 20)
  )
  const first = ring.take(1, 1)
  expect(ring.take(2, 1)).toBeDefined()
  expect(ring.take(3, 1)).toBeUndefined()
  ring.release()
  const third = ring.take(3, 1)
  expect(third?.buffer).toBe(first?.buffer)
  expect(ring.take(4, 1)).toBeUndefined()
})
