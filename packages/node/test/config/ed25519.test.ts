import { fromHex, toHex } from '@novacron/base'
import { expect, test } from 'vitest'
import { randomSeed, sha256, signingKeyOfSeed, verifySignature } from '../../src/config/ed25519.ts'

// RFC 8032, section 7.1, tests 1 and 3.
const vectors = [
  {
    name: 'empty message',
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'
  },
  {
    name: 'two bytes',
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a'
  }
]

test.each(vectors)('signs and verifies the $name of RFC 8032', vector => {
  const key = signingKeyOfSeed(fromHex(vector.seed))
  expect(toHex(key.publicKey)).toBe(vector.publicKey)
  const message = fromHex(vector.message)
  const signature = key.sign(message)
  expect(toHex(signature)).toBe(vector.signature)
  expect(verifySignature(key.publicKey, message, signature)).toBe(true)
})

test('a wrong message, key or signature is false and never a throw', () => {
  const key = signingKeyOfSeed(randomSeed())
  const message = fromHex('0102')
  const signature = key.sign(message)
  const flipped = signature.slice()
  flipped[3] = (flipped[3] as number) ^ 1
  expect(verifySignature(key.publicKey, fromHex('0103'), signature)).toBe(false)
  expect(verifySignature(key.publicKey, message, flipped)).toBe(false)
  expect(verifySignature(randomSeed(), message, signature)).toBe(false)
  expect(verifySignature(new Uint8Array(32).fill(255), message, signature)).toBe(false)
  expect(verifySignature(key.publicKey.subarray(1), message, signature)).toBe(false)
  expect(verifySignature(key.publicKey, message, signature.subarray(1))).toBe(false)
})

test('more public keys than the cache holds still verify', () => {
  const key = signingKeyOfSeed(randomSeed())
  const message = fromHex('00')
  const signature = key.sign(message)
  for (let i = 0; i < 4_200; i++) {
    const other = new Uint8Array(32)
    new DataView(other.buffer).setUint32(0, i)
    verifySignature(other, message, signature)
  }
  expect(verifySignature(key.publicKey, message, signature)).toBe(true)
})

test('sha256 is SHA-256', () => {
  expect(toHex(sha256(fromHex('616263')))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  )
})
