import { deflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { Payloads } from '../../src/load/payloads.ts'

describe('payloads', () => {
  test('of a batch cannot be compressed', () => {
    const payloads = new Payloads(512)
    const batch = Buffer.concat(
      Array.from({ length: 1_000 }, () => Uint8Array.from(payloads.next()))
    )
    expect(deflateRawSync(batch).length).toBeGreaterThan(batch.length * 0.99)
  })

  test('are all different, also when the pool has been gone through', () => {
    const payloads = new Payloads(100_000)
    const heads = Array.from({ length: 200 }, () => Buffer.from(payloads.next()).toString('latin1'))
    expect(new Set(heads).size).toBe(200)
  })

  test.each([1, 5, 6, 8_388_608])('of %i bytes have that length', bytes => {
    const payloads = new Payloads(bytes)
    for (let i = 0; i < 3; i++) expect(payloads.next()).toHaveLength(bytes)
  })

  test('of no bytes are refused', () => {
    expect(() => new Payloads(0)).toThrow()
  })
})
