import { AssertionError, type DecodeFault, Fault, Writer } from '@novacron/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchOf, type MempoolMessage, mempoolCodec } from '../../src/index.ts'
import { pullBatchesLimit } from '../../src/mempool/messages.ts'
import { keepsCodecLaws } from '../codec-laws.ts'
import { digests } from '../dag/objects.ts'
import { hash } from '../fixtures.ts'

const codec = mempoolCodec(hash)

const pulls: fc.Arbitrary<MempoolMessage> = fc.record({
  type: fc.constant('pull-batches' as const),
  digests: fc.array(digests, { maxLength: 4 })
})
const batches: fc.Arbitrary<MempoolMessage> = fc
  .uint8Array({ maxLength: 100 })
  .map(bytes => ({ type: 'batch', batch: batchOf(bytes, hash) }))

keepsCodecLaws({ name: 'pull of batches', values: pulls, ...codec })

test('a batch comes back as it was, its digest computed from its bytes', () => {
  fc.assert(
    fc.property(batches, message => {
      expect(codec.decode(codec.encode(message))).toEqual(message)
    })
  )
})

test('random bytes give a message of just these bytes or a fault', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      try {
        expect(codec.encode(codec.decode(bytes))).toEqual(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
      }
    }),
    { numRuns: 300 }
  )
})

test.each([
  { name: 'a kind that is none', bytes: new Writer().u8(2).finish(), code: 'bad-value' },
  { name: 'nothing', bytes: new Uint8Array(0), code: 'truncated' },
  {
    name: 'too many digests',
    bytes: new Writer()
      .u8(1)
      .u16(pullBatchesLimit + 1)
      .finish(),
    code: 'too-long'
  }
])('$name: $code', ({ bytes, code }) => {
  let facts: DecodeFault | undefined
  try {
    codec.decode(bytes)
  } catch (error) {
    facts = (error as Fault<DecodeFault>).facts
  }
  expect(facts?.code).toBe(code)
})

test('a message of no known type is our own mistake', () => {
  expect(() => codec.encode({ type: 'none' } as never)).toThrow(AssertionError)
})
