import { describe, expect, test } from 'vitest'
import { bucketCount, bucketOf, decodeBucket, encodeBucket } from '../../src/index.ts'
import { byteKeyOf } from '../../src/state/byte-key.ts'
import { text } from '../fixtures.ts'

/** Keys that share a bucket, found by trying. */
function keysIn(bucket: number, count: number): Uint8Array[] {
  const keys: Uint8Array[] = []
  for (let i = 0; keys.length < count; i++) {
    const key = text(`key-${i}`)
    if (bucketOf(key) === bucket) keys.push(key)
  }
  return keys
}
const bucket = bucketOf(text('key-0'))
const [a, b] = keysIn(bucket, 2) as [Uint8Array, Uint8Array]
const elsewhere = text('key-1')

function raw(...entries: (readonly [Uint8Array, string])[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      entries.flatMap(([key, value]) => [
        new Uint8Array([0, key.length]),
        key,
        new Uint8Array([0, 0, 0, value.length]),
        text(value)
      ])
    )
  )
}

describe('a bucket', () => {
  test.each([
    ['', 2_739],
    ['a', 424],
    ['key-0', 3_915],
    ['key-1', 1_598]
  ])('of the key %j is this one for ever', (key, name) => {
    expect(bucketOf(text(key))).toBe(name)
  })

  test.each([
    ['numbers', (i: number) => text(`${i}`)],
    ['names of hosts', (i: number) => text(`host-${i}.example.net/status`)],
    ['bytes that count', (i: number) => new Uint8Array([2, 0, 0, i >>> 16, i >>> 8, i])],
    ['bytes that count in front', (i: number) => new Uint8Array([i, i >>> 8, i >>> 16, 0, 0, 2])]
  ])('is as full as any other under %s', (_, keyOf) => {
    const perBucket = 64
    const counts = new Array<number>(bucketCount).fill(0)
    for (let i = 0; i < perBucket * bucketCount; i++) {
      counts[bucketOf(keyOf(i))] = (counts[bucketOf(keyOf(i))] as number) + 1
    }
    // Six standard deviations of a fair draw, which none of 4,096 buckets leaves.
    const most = 6 * Math.sqrt(perBucket)
    expect(Math.max(...counts)).toBeLessThan(perBucket + most)
    expect(Math.min(...counts)).toBeGreaterThan(perBucket - most)
  })

  test('has one encoding, whatever the order of insertion', () => {
    const entries = [
      { name: byteKeyOf(a), value: text('1') },
      { name: byteKeyOf(b), value: text('22') }
    ]
    const encoding = encodeBucket(entries)
    expect(entries.map(({ value }) => value.buffer)).toEqual([encoding.buffer, encoding.buffer])
    expect(encodeBucket(entries.toReversed())).toEqual(encoding)
    expect(encoding).toEqual(raw([a, '1'], [b, '22']))
    expect(decodeBucket(encoding, bucket)).toEqual([
      { key: a, value: text('1') },
      { key: b, value: text('22') }
    ])
  })

  test('without entries has no bytes', () => {
    expect(encodeBucket([])).toHaveLength(0)
    expect(decodeBucket(new Uint8Array(0), bucket)).toEqual([])
  })

  test.each([
    { name: 'keys out of order', bytes: raw([b, '1'], [a, '1']), code: 'bucket key order' },
    { name: 'a key twice', bytes: raw([a, '1'], [a, '1']), code: 'bucket key order' },
    { name: 'a key of another bucket', bytes: raw([elsewhere, '1']), code: 'bucket of key' },
    { name: 'a cut entry', bytes: raw([a, '1']).subarray(0, 8), code: 'truncated' }
  ])('is not decoded with $name', ({ bytes, code }) => {
    expect(() => decodeBucket(bytes, bucket)).toThrow(code)
  })
})
