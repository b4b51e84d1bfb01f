import { Fault, toHex } from '@novacron/base'
import { decodeEnvelope, envelopeHeaderBytes } from '@novacron/execution'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Acknowledgement,
  AcknowledgementReader,
  acknowledgementBytes,
  encodeAcknowledgements
} from '../../src/ingest/acknowledgement.ts'
import { walkFrame, writeEnvelopeHeader } from '../../src/ingest/envelope-frame.ts'
import { FrameReader } from '../../src/ingest/frame-reader.ts'
import { InFlight } from '../../src/ingest/in-flight.ts'
import { envelopes, framed, type TestEnvelope } from './envelopes.ts'

const session = fc.uint8Array({ minLength: 16, maxLength: 16 })
const sequence = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 100 })
const envelope: fc.Arbitrary<TestEnvelope> = fc.record({
  session,
  sequence,
  payload: fc.uint8Array({ maxLength: 50 })
})

test('frames come out as they went in, however the stream is cut', () => {
  const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 8 })
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 30 })), (sent, cuts) => {
      const stream = Buffer.concat(sent.map(framed))
      const reader = new FrameReader(60)
      const got: Buffer[] = []
      let at = 0
      for (const size of [...cuts, stream.length]) {
        reader.append(stream.subarray(at, at + size))
        at += size
        for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
          got.push(Buffer.from(frame))
        }
      }
      expect(got).toEqual(sent.map(frame => Buffer.from(frame)))
    })
  )
})

test('chunks that come before the frames of the last were taken are kept', () => {
  const reader = new FrameReader(60)
  reader.append(framed(Buffer.from('one')))
  reader.append(framed(Buffer.from('two')))
  expect([reader.next(), reader.next()].map(frame => Buffer.from(frame ?? []).toString())).toEqual([
    'one',
    'two'
  ])
  expect(reader.next()).toBe(undefined)
})

test('random bytes give frames or one of the two faults', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), chunks => {
      const reader = new FrameReader(1000)
      try {
        for (const chunk of chunks) {
          reader.append(chunk)
          for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
            expect(frame.length).toBeLessThanOrEqual(1000)
          }
        }
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
        expect((error as Fault<{ code: string }>).code).toMatch(/^(empty-frame|frame-too-large)$/)
      }
    })
  )
})

test('a length at the limit passes and one more is refused before anything is allocated', () => {
  const at = new FrameReader(100)
  at.append(new Uint8Array([0, 0, 0, 100]))
  expect(at.next()).toBe(undefined)
  const beyond = new FrameReader(100)
  beyond.append(new Uint8Array([0, 0, 0, 101]))
  expect(() => beyond.next()).toThrow('frame-too-large: length=101, limit=100')
  const huge = new FrameReader(100)
  huge.append(new Uint8Array([255, 255, 255, 255]))
  expect(() => huge.next()).toThrow('frame-too-large')
})

test('a walk counts every envelope once and joins consecutive sequences', () => {
  fc.assert(
    fc.property(fc.array(envelope, { minLength: 1, maxLength: 20 }), list => {
      const walked = walkFrame(envelopes(list), 50)
      if (walked.type === 'malformed') throw new Error(`malformed at ${walked.at}`)
      expect(walked.count).toBe(list.length)
      const flat = walked.runs.flatMap(({ session, first, last }) =>
        Array.from({ length: last - first + 1 }, (_, i) => [session, first + i])
      )
      expect(flat).toEqual(list.map(({ session, sequence }) => [toHex(session), sequence]))
      const bytes = walked.runs.reduce((sum, run) => sum + run.bytes, 0)
      expect(bytes).toBe(envelopes(list).length)
      for (let i = 1; i < walked.runs.length; i++) {
        const [a, b] = [walked.runs[i - 1]!, walked.runs[i]!]
        expect(a.session === b.session && a.last + 1 === b.first).toBe(false)
      }
    })
  )
})

test('a cut or changed frame is a fault or other envelopes, and never throws', () => {
  const list = fc.array(envelope, { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(list, fc.nat(), fc.nat(), fc.nat(255), (list, cut, at, value) => {
      const frame = envelopes(list)
      const short = walkFrame(frame.subarray(0, cut % frame.length), 50)
      if (short.type === 'envelopes') expect(short.count).toBeLessThan(list.length)
      const changed = frame.slice()
      changed[at % frame.length] = value
      expect(['malformed', 'envelopes']).toContain(walkFrame(changed, 50).type)
    }),
    { numRuns: 500 }
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      expect(['malformed', 'envelopes']).toContain(walkFrame(bytes, 1000).type)
    }),
    { numRuns: 500 }
  )
})

const one = (sequence: number, payload = new Uint8Array(10)) =>
  envelopes([{ session: new Uint8Array(16), sequence, payload }])

test.each([
  { name: 'a payload at the limit', frame: one(1), payloadBytesMax: 10, type: 'envelopes' },
  { name: 'sequence 0', frame: one(0), payloadBytesMax: 10, type: 'malformed' },
  { name: 'a payload over it', frame: one(1), payloadBytesMax: 9, type: 'malformed' },
  {
    name: 'a header without its last byte',
    frame: one(1).subarray(0, 30),
    payloadBytesMax: 10,
    type: 'malformed'
  },
  {
    name: 'a payload without its last byte',
    frame: one(1).subarray(0, 40),
    payloadBytesMax: 10,
    type: 'malformed'
  },
  {
    name: 'version 2',
    frame: one(1).map((byte, i) => (i === 0 ? 2 : byte)),
    payloadBytesMax: 10,
    type: 'malformed'
  },
  {
    name: 'the largest safe sequence',
    frame: one(Number.MAX_SAFE_INTEGER),
    payloadBytesMax: 10,
    type: 'envelopes'
  },
  {
    name: 'a larger one',
    frame: one(1).map((byte, i) => (i === 19 ? 255 : byte)),
    payloadBytesMax: 10,
    type: 'malformed'
  }
])('$name: $type', ({ frame, payloadBytesMax, type }) => {
  const walked = walkFrame(frame, payloadBytesMax)
  expect(walked.type).toBe(type)
})

test('the header is written as the executor reads it', () => {
  fc.assert(
    fc.property(envelope, fc.nat(255), ({ session, sequence, payload }, application) => {
      const bytes = new Uint8Array(envelopeHeaderBytes + payload.length)
      writeEnvelopeHeader(bytes, 0, {
        application,
        session,
        sequence,
        payloadLength: payload.length
      })
      bytes.set(payload, envelopeHeaderBytes)
      expect(decodeEnvelope(bytes, 50)).toEqual({ application, session, sequence, payload })
    })
  )
})

test('acknowledgements survive their encoding, however the stream is cut', () => {
  const record: fc.Arbitrary<Acknowledgement> = fc.record({
    type: fc.constantFrom(
      'committed' as const,
      'refused' as const,
      'accepted' as const,
      'closed' as const
    ),
    session: session.map(toHex),
    first: sequence,
    last: sequence,
    index: sequence,
    code: fc.nat(255)
  })
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 10 }),
      fc.integer({ min: 1, max: 100 }),
      (records, size) => {
        const bytes = encodeAcknowledgements(records)
        expect(bytes.length).toBe(records.length * acknowledgementBytes)
        const reader = new AcknowledgementReader()
        const got: Acknowledgement[] = []
        for (let at = 0; at < bytes.length; at += size)
          got.push(...reader.push(bytes.subarray(at, at + size)))
        expect(got).toEqual(records)
      }
    )
  )
  expect(() => new AcknowledgementReader().push(new Uint8Array(42).fill(9))).toThrow(Fault)
})

test('what is in flight is what was added and not removed, and all of it comes back', () => {
  const range = fc.record({
    first: fc.integer({ min: 0, max: 30 }),
    count: fc.integer({ min: 1, max: 8 })
  })
  fc.assert(
    fc.property(fc.array(range, { maxLength: 20 }), removals => {
      const inFlight = new InFlight()
      inFlight.add({ session: 'a', first: 0, last: 9, bytes: 105 })
      inFlight.add({ session: 'a', first: 10, last: 19, bytes: 95 })
      inFlight.add({ session: 'a', first: 25, last: 29, bytes: 51 })
      inFlight.add({ session: 'b', first: 0, last: 9, bytes: 10 })
      let before = inFlight.bytes
      for (const { first, count } of removals) {
        inFlight.remove('a', first, first + count - 1)
        expect(inFlight.bytes).toBeLessThanOrEqual(before)
        expect(inFlight.bytes).toBeGreaterThanOrEqual(10)
        before = inFlight.bytes
      }
      expect(inFlight.remove('a', 0, 40)).toBe(before > 10)
      expect(inFlight.bytes).toBe(10)
      expect(inFlight.remove('c', 0, 40)).toBe(false)
    })
  )
})
