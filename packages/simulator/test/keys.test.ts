import { ascii } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { SimulatedKeys } from '../src/keys.ts'
import { sha256 } from './hash.ts'

describe('simulated signatures', () => {
  const keys = new SimulatedKeys(2, 9, sha256)
  const message = ascii('message')
  const signature = keys.signer(0)(message)

  test('hold for their message and key, also the second time', () => {
    const check = { publicKey: keys.publicKey(0), message, signature }
    expect(signature).toHaveLength(64)
    expect(keys.verify(check)).toBe(true)
    expect(keys.verify(check)).toBe(true)
    expect(keys.verify({ ...check, publicKey: keys.publicKey(0).slice() })).toBe(true)
  })

  test.each([
    { name: 'another message', change: { message: ascii('massage') } },
    { name: 'another key', change: { publicKey: keys.publicKey(1) } },
    { name: 'a key that nobody has', change: { publicKey: new Uint8Array(32) } },
    { name: 'other bytes', change: { signature: new Uint8Array(64) } },
    { name: 'half a signature', change: { signature: signature.slice(0, 32) } }
  ])('do not hold for $name', ({ change }) => {
    const check = { publicKey: keys.publicKey(0), message, signature }
    expect(keys.verify(check)).toBe(true)
    expect(keys.verify({ ...check, ...change })).toBe(false)
  })

  test('differ between seeds', () => {
    const others = new SimulatedKeys(2, 10, sha256)
    expect(others.publicKey(0)).not.toEqual(keys.publicKey(0))
    expect(others.signer(0)(message)).not.toEqual(signature)
  })
})
