import { createPublicKey, randomBytes, verify } from 'node:crypto'
import { fromHex, toHex } from '@novacron/base'
import { expect, test } from 'vitest'
import { randomSeed, sha256, signingKeyOfSeed, verifySignature } from '../../src/config/ed25519.ts'
import { sodium } from '../../src/config/sodium.ts'

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

/**
 * Signatures of 0xaf82 in which R, or the public key A, has a part of small order: they hold only where both sides of the
 * equation are multiplied by eight. A member that accepted them would accept what others refuse.
 */
const torsion = [
  {
    where: 'R',
    order: 8,
    publicKey: '88aa55e6afeed8960a3191de78600347db8acd0a3795412f275f049b86260488',
    signature:
      '5b61c2e3b93e6c06450f327ea72cdfeb8cde6aa020d2dd827ab3f86e708c83939701f3314025c6d500c98be9e8536f570a561b02924792dce5525268a7b9b604'
  },
  {
    where: 'R',
    order: 4,
    publicKey: '88aa55e6afeed8960a3191de78600347db8acd0a3795412f275f049b86260488',
    signature:
      '1a0eb647990e5b1297c67b2214fff5bc2f122b83570790112e5218ed371febbf01b2e4227f1ef73c4c61db3792c866d3dc36cd80c8540b05cfe05f7528b05e03'
  },
  {
    where: 'A',
    order: 8,
    publicKey: 'ef2a32ce8d9c67056724a53f63c0c182a6e021dc6e708741f63a7d50c730982c',
    signature:
      '3e54c441927f9f0ee5e13e34f0b0404c5043651a8f4b7ef087a1c42262a85d0a124f460f9eceffbc300d95489fa736e9a1ef046d07906198ea877600c8823f0f'
  },
  {
    where: 'R',
    order: 2,
    publicKey: '88aa55e6afeed8960a3191de78600347db8acd0a3795412f275f049b86260488',
    signature:
      'afab3bbe6d8060f11a1ec1cb0f4fbfb3afbc9ae570b4810f785e3bdd9d57a2f53d8e68464d056f37a5e7fc2c5288347167584398b2ed4e98b18f703d95eb4709'
  },
  {
    where: 'A',
    order: 2,
    publicKey: '6555aa1950112769f5ce6e21879ffcb8247532f5c86abed0d8a0fb6479d9fb77',
    signature:
      '3e54c441927f9f0ee5e13e34f0b0404c5043651a8f4b7ef087a1c42262a85d0a3cddd161c87e4d920b3423dcd562ce4a34dfc876fe68b7a5bcae6c4b44b03501'
  },
  {
    where: 'A',
    order: 4,
    publicKey: 'fe06cb89e538357d67e1501076feee76fb27a48505045ae2f026af9a80f47117',
    signature:
      '3e54c441927f9f0ee5e13e34f0b0404c5043651a8f4b7ef087a1c42262a85d0a5049171de1747043e717a07b5c876daed33777e036c9e0aca2f250d91084640a'
  }
]

test.each(torsion)(
  'a part of order $order in $where is refused, with libsodium and without',
  vector => {
    const publicKey = fromHex(vector.publicKey)
    const signature = fromHex(vector.signature)
    const message = fromHex('af82')
    expect(verifySignature(publicKey, message, signature)).toBe(false)
    expect(verifyByOpenSsl(publicKey, message, signature)).toBe(false)
  }
)

const { glibcVersionRuntime } = (process.report.getReport() as { header: Record<string, unknown> })
  .header
const hasBuild =
  /^(linux|darwin|win32)-(x64|arm64)$/.test(`${process.platform}-${process.arch}`) &&
  (process.platform !== 'linux' || glibcVersionRuntime !== undefined)

test.skipIf(!hasBuild)('libsodium is there, signs as OpenSSL does and accepts what it does', () => {
  expect(sodium).toBeDefined()
  for (let i = 0; i < 200; i++) {
    const key = signingKeyOfSeed(randomSeed())
    const message = randomBytes(i)
    const signature = key.sign(message)
    expect(verifyByOpenSsl(key.publicKey, message, signature)).toBe(true)
    expect(verifySignature(key.publicKey, message, signature)).toBe(true)
    const bent = signature.slice()
    const at = i % 64
    bent[at] = (bent[at] as number) ^ (1 << (i % 8))
    expect(verifySignature(key.publicKey, message, bent)).toBe(
      verifyByOpenSsl(key.publicKey, message, bent)
    )
  }
})

function verifyByOpenSsl(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array
): boolean {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey])
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
  return verify(null, message, key, signature)
}

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
