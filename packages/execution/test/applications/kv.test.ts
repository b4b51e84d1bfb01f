import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  encodeEnvelope,
  encodeKvOperation,
  type KvOperation,
  kvKeyBytesMax,
  readKvOperation
} from '../../src/index.ts'
import { Chain, join, kvOf, putOf, text } from '../fixtures.ts'

const key = text('k')

describe('an operation on keys', () => {
  const bytes = fc.uint8Array({ maxLength: 40 })
  const operation: fc.Arbitrary<KvOperation> = fc.oneof(
    fc.record({ type: fc.constant('put' as const), key: bytes, value: bytes }),
    fc.record({ type: fc.constant('delete' as const), key: bytes }),
    fc.record(
      {
        type: fc.constant('compare-and-set' as const),
        key: bytes,
        version: fc.maxSafeNat(),
        value: bytes
      },
      { requiredKeys: ['type', 'key', 'version'] }
    )
  )

  test('comes back as it went', () => {
    fc.assert(
      fc.property(operation, value => {
        expect(readKvOperation(encodeKvOperation(value))).toEqual(value)
      })
    )
  })

  test('has one encoding, and nothing else is read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), payload => {
        const value = readKvOperation(payload)
        if (value !== undefined) expect(encodeKvOperation(value)).toEqual(payload)
      }),
      { numRuns: 1_000 }
    )
  })

  const compare = encodeKvOperation({ type: 'compare-and-set', key, version: 1 })
  test.each([
    { name: 'no bytes', payload: [] },
    { name: 'a key beyond the end', payload: [0, 0, 2, 1] },
    { name: 'another kind', payload: [3, 0, 1, 1] },
    { name: 'a value in a delete', payload: [1, 0, 1, 1, 1] },
    { name: 'no version', payload: [2, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0] },
    { name: 'an unsafe version', payload: [2, 0, 1, 1, 0, 32, 0, 0, 0, 0, 0, 0, 0] },
    { name: 'another flag', payload: [...compare.subarray(0, -1), 2] },
    { name: 'a value without its flag', payload: [...compare, 1] }
  ])('is none with $name', ({ payload }) => {
    expect(readKvOperation(new Uint8Array(payload))).toBeUndefined()
  })
})

describe('keys and values', () => {
  test('are put, read and deleted; a version is the place in the log', () => {
    const log = new Chain()
    const session = log.open()
    const [run] = log.run(putOf(session, 1, 'k', 'one')).runs
    expect(run!.firstVersion).toBe(2)
    expect(log.executor.kvGet(key)).toEqual({ value: text('one'), version: 2 })
    log.run(putOf(session, 2, 'k', 'two'))
    expect(log.executor.kvGet(key)).toEqual({ value: text('two'), version: 3 })
    expect(log.codes(kvOf(session, 3, { type: 'delete', key }))).toEqual(['ok'])
    expect(log.executor.kvGet(key)).toBeUndefined()
    expect(log.codes(kvOf(session, 4, { type: 'delete', key }))).toEqual(['not-found'])
  })

  test('are set when the version is the expected one', () => {
    const log = new Chain()
    const session = log.open()
    let sequence = 0
    const compare = (version: number, value?: string) =>
      log.codes(
        kvOf(session, ++sequence, {
          type: 'compare-and-set',
          key,
          version,
          ...(value === undefined ? {} : { value: text(value) })
        })
      )[0]
    expect(compare(1, 'x')).toBe('version-mismatch')
    expect(compare(0, 'first')).toBe('ok')
    const { version } = log.executor.kvGet(key)!
    expect(compare(0, 'x')).toBe('version-mismatch')
    expect(compare(version + 1, 'x')).toBe('version-mismatch')
    expect(compare(version, 'second')).toBe('ok')
    expect(compare(version, 'x')).toBe('version-mismatch')
    expect(log.executor.kvGet(key)?.value).toEqual(text('second'))
    expect(compare(log.executor.kvGet(key)!.version)).toBe('ok')
    expect(log.executor.kvGet(key)).toBeUndefined()
    expect(compare(0)).toBe('not-found')
  })

  test('a key that was deleted and written again has not its old version', () => {
    const log = new Chain()
    const session = log.open()
    log.run(putOf(session, 1, 'k', 'same'))
    const { version } = log.executor.kvGet(key)!
    log.run(join(kvOf(session, 2, { type: 'delete', key }), putOf(session, 3, 'k', 'same')))
    const stale = { type: 'compare-and-set', key, version, value: text('lost') } as const
    expect(log.codes(kvOf(session, 4, stale))).toEqual(['version-mismatch'])
  })

  test('a key may have 1 KiB and no more', () => {
    const log = new Chain()
    const session = log.open()
    expect(log.codes(putOf(session, 1, 'k'.repeat(kvKeyBytesMax), ''))).toEqual(['ok'])
    expect(log.codes(putOf(session, 2, 'k'.repeat(kvKeyBytesMax + 1), ''))).toEqual([
      'key-too-long'
    ])
  })

  test('a payload that is no operation is malformed', () => {
    const log = new Chain()
    const session = log.open()
    const payload = text('?')
    const envelope = encodeEnvelope({ application: 2, session, sequence: 1, payload })
    expect(log.codes(envelope)).toEqual(['malformed'])
  })

  test('a full state refuses what makes it larger, takes what makes it smaller', () => {
    const log = new Chain({
      transactionBytesMax: 2_000,
      bucketBytesMax: 5_000,
      stateBytesMax: 5_000
    })
    const session = log.open()
    const value = (length: number) => 'v'.repeat(length)
    const codes = log.codes(
      putOf(session, 1, 'a', value(1_900)),
      putOf(session, 2, 'b', value(1_900)),
      putOf(session, 3, 'c', value(1_900)),
      putOf(session, 4, 'a', value(10)),
      putOf(session, 5, 'c', value(1_900))
    )
    expect(codes).toEqual(['ok', 'ok', 'state-full', 'ok', 'ok'])
    expect(log.executor.stateBytes).toBeLessThanOrEqual(5_000)
  })

  test('are listed by prefix', () => {
    const log = new Chain()
    const session = log.open()
    log.run(
      join(
        putOf(session, 1, 'b/2', 'y'),
        putOf(session, 2, 'b/1', 'x'),
        putOf(session, 3, 'c', 'z')
      )
    )
    const list = (after?: Uint8Array) =>
      log.executor.kvList(text('b/'), after, 10).map(item => Buffer.from(item.value).toString())
    expect(list()).toEqual(['x', 'y'])
    expect(list(text('b/1'))).toEqual(['y'])
  })
})
