import {
  createPrivateKey,
  createPublicKey,
  sign as ed25519Sign,
  verify as ed25519Verify
} from 'node:crypto'
import { ascii, concatBytes, Writer } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import {
  type MakeKeys,
  quietScenario,
  Simulation,
  type SimulationReport,
  type WorldKeys
} from '../../src/index.ts'
import { sha256 } from '../hash.ts'
import { bullsharkNeeds } from '../needs.ts'

/** DER of an Ed25519 private key up to its 32 bytes, and of a public one (RFC 8410). */
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex')

/** Real signatures in the place of the stand-in; keys follow from the seed. */
const makeEd25519: MakeKeys = (count, seed, hash): WorldKeys => {
  const pairs = Array.from({ length: count }, (_, index) => {
    const secret = hash(
      concatBytes([ascii('ed25519'), new Writer(16).u64(seed).u64(index).finish()])
    )
    const privateKey = createPrivateKey({
      key: Buffer.concat([privatePrefix, secret]),
      format: 'der',
      type: 'pkcs8'
    })
    const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
    return { privateKey, publicKey: new Uint8Array(spki.subarray(publicPrefix.length)) }
  })
  return {
    publicKey: index => pairs[index]!.publicKey,
    signer: index => message =>
      new Uint8Array(ed25519Sign(null, message, pairs[index]!.privateKey)),
    verify({ publicKey, message, signature }) {
      const key = Buffer.concat([publicPrefix, publicKey])
      return ed25519Verify(null, message, { key, format: 'der', type: 'spki' }, signature)
    }
  }
}

function run(seed: number, behaviours: readonly string[]): SimulationReport {
  const scenario = {
    ...quietScenario,
    seed,
    chaosMs: 600,
    byzantine: [{ place: seed % 4, behaviours: behaviours as never }]
  }
  return new Simulation(scenario, { ...bullsharkNeeds(), makeKeys: makeEd25519 }).run()
}

describe('with real Ed25519 signatures', () => {
  test.each([
    [1, 'equivocate'],
    [2, 'invalid-signatures'],
    [3, 'forge'],
    [4, 'replay'],
    [5, 'twins']
  ] as const)('seed %i beside a member that lies by %s: the honest agree', (seed, behaviour) => {
    const report = run(seed, [behaviour])
    expect(report.firstViolation).toBeUndefined()
    expect(report.acknowledged).toBeGreaterThan(10)
  })

  test('a run is replayed by its seed', () => {
    expect(run(7, ['equivocate']).traceHash).toBe(run(7, ['equivocate']).traceHash)
  })

  test('signatures are 64 bytes, and hold for one key and one message', () => {
    const keys = makeEd25519(2, 1, sha256)
    const signature = keys.signer(0)(ascii('message'))
    const check = { publicKey: keys.publicKey(0), message: ascii('message'), signature }
    expect(signature).toHaveLength(64)
    expect(keys.verify(check)).toBe(true)
    expect(keys.verify({ ...check, publicKey: keys.publicKey(1) })).toBe(false)
    expect(keys.verify({ ...check, message: ascii('massage') })).toBe(false)
  })
})
