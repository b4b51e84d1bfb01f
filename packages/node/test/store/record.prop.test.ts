import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ascii, type Digest, Fault, type Write } from '@novacron/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nodeFileSystem, writeAll } from '../../src/store/file-system.ts'
import { openValue, sealValue } from '../../src/store/operation.ts'
import {
  decodeRecordHeader,
  encodeRecordHeader,
  isBodyIntact,
  makeFileHeader,
  markerOfFile
} from '../../src/store/record.ts'
import { scanRecords } from '../../src/store/record-scan.ts'
import { SegmentStore } from '../../src/store/segment-store.ts'
import { databaseKey, endOfTable } from '../../src/store/table-key.ts'
import { decodeWrites, encodeWrites } from '../../src/store/write-codec.ts'
import { options as segmentOptions } from './segment-harness.ts'
import { batchOf } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const magic = ascii('TESTFILE')
const bytes = (max = 200): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength: max })

const write: fc.Arbitrary<Write> = fc.oneof(
  fc.record({
    type: fc.constant('put' as const),
    table: fc.constant('t'),
    key: bytes(40),
    value: bytes()
  }),
  fc.record({ type: fc.constant('delete' as const), table: fc.constant('t'), key: bytes(40) }),
  fc.record({
    type: fc.constant('delete-range' as const),
    table: fc.constant('t'),
    from: bytes(40),
    to: bytes(40)
  })
)

test('writes decode to what was encoded', () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 10 }), writes => {
      expect(decodeWrites(encodeWrites(writes), 't')).toEqual(writes)
    })
  )
})

test('any bytes are writes or a Fault', () => {
  const damaged = fc
    .tuple(fc.array(write, { maxLength: 5 }), fc.nat(), fc.nat(255))
    .map(([writes, at, xor]) => {
      const body = encodeWrites(writes)
      body[at % body.length] = (body[at % body.length] as number) ^ xor
      return body
    })
  fc.assert(
    fc.property(fc.oneof(bytes(), damaged), body => {
      try {
        decodeWrites(body, 't')
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
      }
    })
  )
})

test('a record header survives no flipped bit, and nothing random is one', () => {
  const tag = new Uint8Array(32).fill(9)
  const body = ascii('body')
  const marker = makeFileHeader(magic).subarray(8)
  const header = encodeRecordHeader(marker, 1, tag, body)
  const decoded = decodeRecordHeader(header, marker, 32)
  expect(decoded).toMatchObject({ kind: 1, length: 4 })
  expect(decoded !== undefined && isBodyIntact(decoded, body)).toBe(true)
  fc.assert(
    fc.property(fc.nat(header.length * 8 - 1), bit => {
      const flipped = Uint8Array.from(header)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(decodeRecordHeader(flipped, marker, 32)).toBeUndefined()
    })
  )
  fc.assert(
    fc.property(bytes(), random => {
      expect(decodeRecordHeader(random, marker, 32)).toBeUndefined()
      expect(markerOfFile(random, magic)).toBeUndefined()
    })
  )
})

test('a header that announces an absurd length is none', () => {
  const marker = makeFileHeader(magic).subarray(8)
  const header = Buffer.from(encodeRecordHeader(marker, 1, new Uint8Array(0), ascii('x')))
  header.writeUInt32BE(0xffffffff, 12)
  expect(decodeRecordHeader(header, marker, 0)).toBeUndefined()
})

/** Writes `bodies` as records, damages the file, and gives back what a scan sees. */
function scanDamaged(
  bodies: readonly Uint8Array[],
  damage: (file: Buffer) => Uint8Array
): { seen: string[]; written: string[] } {
  const path = join(temporaryDirectory(), 'records')
  const header = makeFileHeader(magic)
  const marker = header.subarray(8)
  const parts = bodies.flatMap(body => [
    encodeRecordHeader(marker, 1, new Uint8Array(0), body),
    body
  ])
  writeFileSync(path, damage(Buffer.concat([header, ...parts])))
  const fd = nodeFileSystem.open(path, 'r')
  const seen: string[] = []
  try {
    scanRecords(nodeFileSystem, fd, { magic, tagLength: 0, withBody: () => true }, record =>
      seen.push(Buffer.from(record.body as Uint8Array).toString('hex'))
    )
  } finally {
    nodeFileSystem.close(fd)
  }
  return { seen, written: bodies.map(body => Buffer.from(body).toString('hex')) }
}

const bodies = fc.array(bytes(300), { minLength: 1, maxLength: 8 })

test('a scan of a damaged or cut file sees only what was written, in order', () => {
  const spots = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { maxLength: 4 })
  fc.assert(
    fc.property(bodies, spots, fc.nat(), (all, flips, cut) => {
      const { seen, written } = scanDamaged(all, file => {
        for (const [at, xor] of flips) {
          const spot = at % file.length
          file[spot] = (file[spot] as number) ^ xor
        }
        return file.subarray(0, file.length - (cut % 50))
      })
      let from = 0
      for (const body of seen) {
        const found = written.indexOf(body, from)
        expect(found).toBeGreaterThanOrEqual(from)
        from = found + 1
      }
    }),
    { numRuns: 60 }
  )
})

test('one damaged byte costs at most one record', () => {
  fc.assert(
    fc.property(bodies, fc.nat(), (all, at) => {
      const { seen, written } = scanDamaged(all, file => {
        // Beyond the file's own header, without which nothing can be read.
        const spot = 16 + (at % (file.length - 16))
        file[spot] = (file[spot] as number) ^ 0x10
        return file
      })
      expect(seen.length).toBeGreaterThanOrEqual(written.length - 1)
    }),
    { numRuns: 60 }
  )
})

test('records far longer than the window are found behind damage', () => {
  const long = new Uint8Array(200_000).fill(7)
  const { seen, written } = scanDamaged([ascii('a'), long, ascii('b')], file => {
    file[16 + 24 + 1 + 3] = 0
    return file
  })
  expect(seen).toEqual([written[0], written[2]])
})

test('random segment files open without a throw and hold nothing wrong', () => {
  const source = temporaryDirectory()
  const needs = {
    files: nodeFileSystem,
    admit: () => undefined,
    onDamage: () => undefined,
    onFailure: (error: unknown) => error as Error
  }
  const options = { ...segmentOptions, segmentBytes: 100_000 }
  const writer = new SegmentStore(source, options, needs)
  const known = new Map<Digest, Uint8Array>()
  for (let seed = 0; seed < 5; seed++) {
    const { digest, bytes } = batchOf(seed, 100 + seed)
    known.set(digest, bytes)
    writer.append(digest, bytes)
  }
  writer.drop([batchOf(0, 100).digest])
  writer.close()
  const file = readFileSync(join(source, '00000001.seg'))
  const damaged = fc
    .array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { maxLength: 6 })
    .map(spots => {
      const copy = Buffer.from(file)
      for (const [at, value] of spots) copy[at] = value
      return copy
    })
  fc.assert(
    fc.property(fc.oneof(bytes(500), damaged), content => {
      const directory = temporaryDirectory()
      writeFileSync(join(directory, '00000001.seg'), content)
      const store = new SegmentStore(directory, options, needs)
      for (const digest of store.digests()) {
        const read = store.read(digest)
        if (read !== undefined) {
          expect(Buffer.compare(read, known.get(digest) as Uint8Array)).toBe(0)
        }
      }
      store.close()
    }),
    { numRuns: 60 }
  )
})

test('database keys keep tables apart and keep the order of keys', () => {
  const tableName = fc.stringMatching(/^[a-c]{1,3}$/)
  fc.assert(
    fc.property(tableName, tableName, bytes(20), bytes(20), (a, b, x, y) => {
      const [keyA, keyB] = [databaseKey(a, x), databaseKey(b, y)]
      if (a === b) {
        expect(Math.sign(Buffer.compare(keyA, keyB))).toBe(Math.sign(Buffer.compare(x, y)))
      } else {
        // All of one table lies before all of the other.
        expect(Buffer.compare(keyA, endOfTable(b)) < 0).toBe(Buffer.compare(keyA, keyB) < 0)
      }
      expect(Buffer.compare(keyA, endOfTable(a))).toBeLessThan(0)
    })
  )
})

test('a sealed value opens under its own key and survives no change', () => {
  fc.assert(
    fc.property(
      bytes(),
      bytes(),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (key, value, at, xor) => {
        const sealed = sealValue(key, value)
        expect(Buffer.compare(openValue(key, sealed) as Uint8Array, value)).toBe(0)
        const changed = sealed.slice()
        changed[at % changed.length] = (changed[at % changed.length] as number) ^ xor
        expect(openValue(key, changed)).toBeUndefined()
        expect(openValue(Uint8Array.of(...key, 1), sealed)).toBeUndefined()
        expect(openValue(key, sealed.subarray(0, 3))).toBeUndefined()
      }
    )
  )
})

test('writeAll writes everything however short the system call falls', () => {
  const path = join(temporaryDirectory(), 'file')
  const fd = nodeFileSystem.open(path, 'wx+')
  const short = {
    ...nodeFileSystem,
    writev: (file: number, parts: readonly Uint8Array[], position: number) =>
      nodeFileSystem.writev(file, [(parts[0] as Uint8Array).subarray(0, 2)], position)
  }
  writeAll(short, fd, [ascii('abc'), ascii(''), ascii('defgh')], 1)
  nodeFileSystem.close(fd)
  expect(readFileSync(path, 'latin1')).toBe('\0abcdefgh')
})
