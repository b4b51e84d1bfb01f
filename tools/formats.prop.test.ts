import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { consensusFormats } from './formats/consensus.ts'
import { executionFormats } from './formats/execution.ts'
import type { Format } from './formats/format.ts'
import {
  allocatedBytes,
  breach,
  fuzzRuns,
  memoryFactorMax,
  memoryRestBytes,
  spoiled,
  swollen
} from './formats/laws.ts'
import { nodeFormats, replicaFormats, transportFormats } from './formats/node.ts'
import { listFiles, readText } from './tidy/repository.ts'

const formats = [
  ...consensusFormats,
  ...executionFormats,
  ...replicaFormats,
  ...nodeFormats,
  ...transportFormats
]
const runs = { numRuns: fuzzRuns }
const swollenBytes = 65_536

/** Reads a few fixed fields of rows that only the node itself has written, behind the checksum of the store. */
const ownRows = [
  'packages/consensus/src/bullshark/pruner.ts',
  'packages/consensus/src/mempool/batch.ts',
  'packages/consensus/src/single-leader/voting.ts',
  'packages/execution/src/applications/kv.ts',
  'packages/execution/src/applications/log.ts',
  'packages/execution/src/executor.ts',
  'packages/execution/src/persistence.ts',
  'packages/node/src/assembly/reconcile.ts',
  'packages/replica/src/commit-window.ts',
  'packages/replica/src/evidence.ts',
  'packages/replica/src/retention.ts'
]

describe.each(formats)('$name', (format: Format) => {
  test('every encoding is the one encoding of its value', () => {
    fc.assert(
      fc.property(format.samples, sample => {
        expect(() => format.decode(sample)).not.toThrow()
        expect(breach(format, sample)).toBeUndefined()
      }),
      { numRuns: 100 }
    )
  })

  test('spoiled bytes give a fault or a value of which they are the encoding', () => {
    fc.assert(
      fc.property(spoiled(format.samples), bytes => {
        expect(breach(format, bytes)).toBeUndefined()
      }),
      runs
    )
  })

  test('random bytes do as well', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), bytes => {
        expect(breach(format, bytes)).toBeUndefined()
      }),
      runs
    )
  })

  test('big input that promises more than it holds costs memory by its own length only', () => {
    const [sample] = fc.sample(format.samples, { numRuns: 1, seed: 7 })
    for (const bytes of swollen(sample as Uint8Array, swollenBytes)) {
      expect(breach(format, bytes)).toBeUndefined()
      expect(allocatedBytes(format, bytes)).toBeLessThan(
        memoryFactorMax * bytes.length + memoryRestBytes
      )
    }
  })
})

test('the laws can be broken: a decoder that believes a length, and one with two encodings', () => {
  const believing: Format = {
    name: 'believing',
    homes: [],
    samples: fc.constant(Uint8Array.of(1)),
    decode: bytes => new Uint8Array((bytes[0] as number) << 20)
  }
  expect(allocatedBytes(believing, Uint8Array.of(255))).toBeGreaterThan(
    memoryFactorMax + memoryRestBytes
  )
  const lenient: Format = {
    name: 'lenient',
    homes: [],
    samples: fc.constant(Uint8Array.of(1)),
    decode: bytes => bytes[0] === 1,
    encode: (value: boolean) => Uint8Array.of(value ? 1 : 0)
  }
  expect(breach(lenient, Uint8Array.of(1))).toBeUndefined()
  expect(breach(lenient, Uint8Array.of(2))).toContain('two encodings')
  const throwing: Format = { ...lenient, decode: () => JSON.parse('{') }
  expect(breach(throwing, Uint8Array.of(2))).toContain('another error')
})

test('every file that reads an encoding belongs to a format', () => {
  const homes = new Set([...formats.flatMap(format => format.homes), ...ownRows])
  const readers = listFiles().filter(
    path =>
      /^packages\/[^/]+\/src\/.*\.ts$/.test(path) &&
      !path.startsWith('packages/simulator/') &&
      /new Reader\(/.test(readText(path))
  )
  expect(readers.filter(path => !homes.has(path) && path !== 'packages/base/src/codec.ts')).toEqual(
    []
  )
})
