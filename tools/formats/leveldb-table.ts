import fc from 'fast-check'
import { crc32c } from '../../packages/node/src/store/crc32c.ts'
import { damageOf } from '../../packages/node/src/store/table-check.ts'
import type { Format } from './format.ts'

/** Where a block lies, and how long it is. */
const handle = (offset: number, size: number) => [varint(offset), varint(size)].flat()

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]
}

/** A block with the kind of its compression and its masked checksum. */
function sealed(block: Uint8Array): Buffer {
  const bytes = Buffer.concat([block, Buffer.alloc(5)])
  const crc = crc32c(bytes.subarray(0, block.length + 1))
  bytes.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0, block.length + 1)
  return bytes
}

/** Blocks of data, an empty block in the place of the metaindex, the index, and a footer. */
function tableOf(blocks: readonly Uint8Array[], index: Uint8Array): Uint8Array {
  const parts = [...blocks, new Uint8Array(8), index].map(sealed)
  const end = parts.reduce((sum, part) => sum + part.length, 0)
  const indexAt = end - index.length - 5
  const footer = Buffer.alloc(48)
  footer.set([...handle(indexAt - 13, 8), ...handle(indexAt, index.length)])
  footer.writeBigUInt64LE(0xdb4775248b80fb57n, 40)
  return new Uint8Array(Buffer.concat([...parts, footer]))
}

function indexOf(blocks: readonly Uint8Array[]): Uint8Array {
  let at = 0
  const entries = blocks.flatMap((block, i) => {
    const place = handle(at, block.length)
    at += block.length + 5
    return [0, 1, place.length, i, ...place]
  })
  return Uint8Array.of(...entries, 0, 0, 0, 0, 1, 0, 0, 0)
}

const blocks = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 })

/** Read by us for its checksums only; an index that says anything under a right checksum is among the samples. */
export const levelDbTable: Format = {
  name: 'table of LevelDB (a reason in place of a fault)',
  homes: ['packages/node/src/store/table-check.ts'],
  samples: fc.oneof(
    blocks.map(given => tableOf(given, indexOf(given))),
    fc
      .tuple(blocks, fc.uint8Array({ maxLength: 40 }))
      .map(([given, index]) => tableOf(given, index))
  ),
  decode: bytes => damageOf(Buffer.from(bytes))
}
