import { Reader } from '@novacron/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { consensusFormats } from './formats/consensus.ts'
import { executionFormats } from './formats/execution.ts'
import type { Format } from './formats/format.ts'
import { crowded, jsonFileNames, jsonFormats, misplaced } from './formats/json.ts'
import {
  allocatedBytes,
  breach,
  fuzzRuns,
  memoryFactorMax,
  memoryRestBytes,
  outcome,
  spoiled,
  swollen
} from './formats/laws.ts'
import { levelDbTable } from './formats/leveldb-table.ts'
import { nodeFormats, replicaFormats, streamFormats, transportFormats } from './formats/node.ts'
import { rowFormats } from './formats/rows.ts'
import { overwork, workOf } from './formats/work.ts'
import { listFiles, readText } from './tidy/repository.ts'

const formats = [
  ...consensusFormats,
  ...executionFormats,
  ...replicaFormats,
  ...nodeFormats,
  ...transportFormats,
  ...rowFormats,
  levelDbTable,
  ...jsonFormats
]
const runs = { numRuns: fuzzRuns }
const swollenBytes = 65_536
/** A file of the operator's own, all of whose mistakes are told at once. */
const jsonFactorMax = 1_024

/** What is read where it cannot be called from here; each has tests of its own. */
const elsewhere: Readonly<Record<string, string>> = {
  'packages/node/src/api/json-rpc.ts': 'packages/node/test/api/json-rpc.prop.test.ts',
  // Two fixed fields of the own row.
  'packages/consensus/src/single-leader/voting.ts':
    'packages/consensus/test/single-leader/machine.test.ts',
  // Answers of the own node, and the file of a process that holds the directory.
  'packages/node/src/api/client.ts': 'packages/node/test/api/client.e2e.test.ts',
  'packages/node/src/store/lock.ts': 'packages/node/test/store/lock.test.ts'
}

/** Whose values are only compared or counted: there is nothing to encode again. JSON has many texts for one value. */
const withoutEncoder = [
  'bearer token (a reason in place of a fault)',
  'config.json',
  'evidence as it is screened',
  'genesis.json',
  'header of a record',
  'latency matrix',
  'line of the log (itself in place of a fault)',
  'part of a genesis',
  'scenario of the simulator',
  'table of LevelDB (a reason in place of a fault)'
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
        expect(overwork(format, bytes)).toBeUndefined()
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

  test('big input that promises more than it holds costs memory and work by its own length only', () => {
    const [sample] = fc.sample(format.samples, { numRuns: 1, seed: 7 })
    for (const bytes of swollen(sample as Uint8Array, swollenBytes)) {
      expect(breach(format, bytes)).toBeUndefined()
      expect(overwork(format, bytes)).toBeUndefined()
      expect(allocatedBytes(format, bytes)).toBeLessThan(
        memoryFactorMax * bytes.length + memoryRestBytes
      )
    }
  })
})

describe.each(streamFormats)('$name', format => {
  test('the same comes out wherever a stream is cut', () => {
    const pieces: Format = { ...format, decode: bytes => format.decodePieces(bytes) }
    const samples = fc.oneof(format.samples, spoiled(format.samples))
    fc.assert(
      fc.property(samples, bytes => {
        expect(breach(pieces, bytes)).toBeUndefined()
        expect(overwork(pieces, bytes)).toBeUndefined()
        expect(outcome(pieces, bytes)).toEqual(outcome(format, bytes))
      }),
      runs
    )
  })
})

describe.each(jsonFormats.filter(({ name }) => jsonFileNames.includes(name)))('$name', format => {
  test('anything else in one place gives a fault, or a value that is read again as the same', () => {
    fc.assert(
      fc.property(misplaced(format.samples), bytes => {
        expect(breach(format, bytes)).toBeUndefined()
      }),
      runs
    )
  })

  test('very many mistakes at once cost memory by the length of the file only', () => {
    const [sample] = fc.sample(format.samples, { numRuns: 1, seed: 7 })
    for (const bytes of crowded(sample as Uint8Array, swollenBytes / 8)) {
      expect(breach(format, bytes)).toBeUndefined()
      expect(allocatedBytes(format, bytes)).toBeLessThan(
        jsonFactorMax * bytes.length + memoryRestBytes
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

test('work is counted: decoders that read again and again, copy all for each byte, loop or reserve by a length that they believe', () => {
  const decoderOf = (decode: (bytes: Uint8Array) => void) => ({ decode })
  const again = decoderOf(bytes => {
    for (let time = 0; time < 100; time++) {
      const reader = new Reader(bytes)
      while (reader.left > 0) reader.u8()
    }
  })
  const copying = decoderOf(bytes => {
    let kept = Buffer.alloc(0)
    for (const byte of bytes) kept = Buffer.concat([kept, Uint8Array.of(byte)])
  })
  const fitting = decoderOf(bytes => new Reader(bytes).raw(bytes.length).slice())
  const bytes = new Uint8Array(1_000)
  const looping = decoderOf(bytes => {
    const kept: number[] = []
    for (let time = 0; time < 100 * bytes.length; time++) kept.push(time)
  })
  const reserving = decoderOf(() => new Uint8Array(2_000_000))
  const buffering = decoderOf(() => Buffer.allocUnsafe(2_000_000))
  expect(overwork(again, bytes)).toBe('100000 steps for 1000 bytes')
  expect(overwork(copying, bytes)).toBe('500500 bytes moved for 1000 bytes')
  expect(overwork(looping, bytes)).toBe('100000 steps for 1000 bytes')
  expect(overwork(reserving, bytes)).toBe('2000000 bytes reserved for 1000 bytes')
  expect(overwork(buffering, bytes)).toBe('2000000 bytes reserved for 1000 bytes')
  expect(overwork(fitting, bytes)).toBeUndefined()
  // Nothing stays behind in front of the methods.
  expect(workOf(fitting, bytes)).toEqual({ steps: 2, movedBytes: 1_000, reservedBytes: 0 })
})

test('formats without one encoding of each value are known by name', () => {
  const found = formats.filter(({ encode }) => encode === undefined).map(({ name }) => name)
  expect(found.sort()).toEqual(withoutEncoder)
})

/** Of the codec, of views of bytes, and of JSON. */
const reading = /new Reader\(|\.get(Big)?Uint\d|\.read(Big)?UInt\d|JSON\.parse\(/

test('every file that reads an encoding belongs to a format', () => {
  const homes = new Set([...formats.flatMap(format => format.homes), ...Object.keys(elsewhere)])
  const files = listFiles()
  const readers = files.filter(
    path =>
      /^packages\/[^/]+\/src\/.*\.ts$/.test(path) &&
      !path.startsWith('packages/simulator/') &&
      reading.test(readText(path))
  )
  expect(readers.filter(path => !homes.has(path))).toEqual([])
  expect(Object.values(elsewhere).filter(path => !files.includes(path))).toEqual([])
})
