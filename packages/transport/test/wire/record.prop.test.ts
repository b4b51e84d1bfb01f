import { concatBytes, Fault } from '@novacron/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { coalesce } from '../../src/wire/coalesce.ts'
import { encodeRecords, type RecordKind, recordSplitter } from '../../src/wire/record.ts'

const kinds: readonly RecordKind[] = ['frame', 'hello', 'credit', 'ping', 'pong']
const record = fc.record({
  kind: fc.constantFrom(...kinds),
  payload: fc.uint8Array({ maxLength: 300 })
})

/** Cuts bytes at the given places. */
function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let offset = 0
  for (let i = 0; offset < bytes.length; i++) {
    const end = offset + (sizes[i % sizes.length] ?? bytes.length)
    chunks.push(bytes.subarray(offset, end))
    offset = end
  }
  return chunks
}

test('records survive any way in which their bytes are joined and cut', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 20 }),
      fc.integer({ min: 1, max: 200 }),
      sizes,
      (records, max, chunks) => {
        const writes = [...coalesce(encodeRecords(records), max)]
        expect(writes.every(({ length }) => length > 0 && length <= max)).toBe(true)
        expect(writes.slice(0, -1).every(({ length }) => length === max)).toBe(true)
        const split = recordSplitter(() => undefined)
        const read = cut(concatBytes(writes), chunks).flatMap(chunk => [...split([chunk])])
        expect(read).toEqual(records)
      }
    )
  )
})

test('random bytes give records or a fault, never anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      const split = recordSplitter((_kind, length) => {
        if (length > 50) throw new Fault({ code: 'frame-too-large', length, max: 50 })
      })
      try {
        for (const { payload } of split([bytes])) expect(payload.length).toBeLessThanOrEqual(50)
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
      }
    })
  )
})
