import { emptyBytes, type Hash, toHex } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import {
  BucketTree,
  bucketCount,
  type EncodeBucket,
  emptyLeaf,
  isBucketOf,
  leafHash,
  leafOf,
  rootOfLeaves
} from '../../src/index.ts'
import { hash, text } from '../fixtures.ts'

/** Straight from the definition. */
function referenceRoot(buckets: readonly Uint8Array[]): string {
  let level = buckets.map(encoding => hash(Buffer.concat([new Uint8Array([0]), encoding])))
  while (level.length > 1) {
    const next: Uint8Array[] = []
    for (let i = 0; i < level.length; i += 2) {
      next.push(hash(Buffer.concat([new Uint8Array([1]), level[i]!, level[i + 1]!])))
    }
    level = next
  }
  return toHex(level[0]!)
}

function counted(): { readonly hash: Hash; calls: number } {
  const counter = {
    calls: 0,
    hash: (bytes: Uint8Array) => {
      counter.calls++
      return hash(bytes)
    }
  }
  return counter
}

describe('the tree over buckets', () => {
  test('has the root of its definition, empty and filled', () => {
    const tree = new BucketTree(hash)
    const buckets = new Array<Uint8Array>(bucketCount).fill(emptyBytes)
    expect(tree.seal(() => emptyBytes).root).toBe(referenceRoot(buckets))
    for (const bucket of [0, 1, 77, 4_095]) {
      buckets[bucket] = text(`bucket ${bucket}`)
      tree.touch(bucket)
    }
    const image = tree.seal(bucket => buckets[bucket]!)
    expect(image.root).toBe(referenceRoot(buckets))
    expect(rootOfLeaves(image.leaves, hash)).toBe(image.root)
  })

  test('goes back to the empty root when everything is gone', () => {
    const tree = new BucketTree(hash)
    const empty = tree.seal(() => emptyBytes).root
    tree.touch(5)
    expect(tree.seal(() => text('x')).root).not.toBe(empty)
    tree.touch(5)
    expect(tree.seal(() => emptyBytes).root).toBe(empty)
  })

  test('encodes and hashes again only what was touched', () => {
    const counter = counted()
    const tree = new BucketTree(counter.hash)
    tree.seal(() => emptyBytes)
    counter.calls = 0
    tree.touch(3)
    tree.touch(3)
    expect(tree.touchedBuckets).toEqual(new Set([3]))
    const encoded: number[] = []
    tree.seal(bucket => {
      encoded.push(bucket)
      return text('x')
    })
    expect(encoded).toEqual([3])
    expect(counter.calls).toBe(1 + 12)
    expect(tree.touchedBuckets.size).toBe(0)
  })

  test('an image does not change, and shares what is equal with the next', () => {
    const tree = new BucketTree(hash)
    tree.touch(1)
    tree.touch(2)
    const first = tree.seal(bucket => text(`first ${bucket}`))
    tree.touch(2)
    const second = tree.seal(() => text('second'))
    expect(first.buckets[2]).toEqual(text('first 2'))
    expect(rootOfLeaves(first.leaves, hash)).toBe(first.root)
    expect(second.buckets[1]).toBe(first.buckets[1])
    expect(second.buckets[2]).toEqual(text('second'))
  })

  test('says once what the store does not have', () => {
    const tree = new BucketTree(hash)
    for (const bucket of [9, 2]) tree.touch(bucket)
    tree.seal(bucket => text(`${bucket}`))
    tree.touch(2)
    tree.seal(() => emptyBytes)
    tree.touch(3)
    expect(tree.takeUnsaved()).toEqual([
      [2, emptyBytes],
      [9, text('9')]
    ])
    expect(tree.takeUnsaved()).toEqual([])
    tree.forgetSaved()
    expect(tree.takeUnsaved()).toEqual([[9, text('9')]])
  })

  test('loads encodings, which count as saved', () => {
    const tree = new BucketTree(hash)
    tree.touch(9)
    const { root } = tree.seal(() => text('nine'))
    const copy = new BucketTree(hash)
    copy.load([[9, text('nine')]])
    expect(copy.seal(() => emptyBytes).root).toBe(root)
    expect(copy.takeUnsaved()).toEqual([])
  })
})

describe('a seal in pieces', () => {
  const pieces = (tree: BucketTree, encode: EncodeBucket, bytesMax: number) => {
    let count = 1
    while (tree.sealPiece(encode, bytesMax) >= bytesMax) count++
    return count
  }

  test('gives what a seal at once gives, however small the pieces are', () => {
    const encode = (bucket: number) => text(`bucket ${bucket}`)
    const [whole, one, many] = [new BucketTree(hash), new BucketTree(hash), new BucketTree(hash)]
    for (const tree of [whole, one, many]) for (const b of [0, 7, 8, 4_095]) tree.touch(b)
    const image = whole.seal(encode)
    one.beginSeal()
    expect(pieces(one, encode, 1_000_000)).toBe(1)
    expect(one.endSeal()).toEqual(image)
    many.beginSeal()
    // Four buckets, and the inner nodes above three pairs of leaves: 3 in the lowest level, 2 in eleven of them, and so on.
    expect(pieces(many, encode, 1)).toBeGreaterThan(4 + 12)
    expect(many.endSeal()).toEqual(image)
    expect(many.takeUnsaved()).toEqual(whole.takeUnsaved())
  })

  test('works on about as many bytes as it is allowed, by one bucket more', () => {
    const tree = new BucketTree(hash)
    for (let bucket = 0; bucket < 20; bucket++) tree.touch(bucket)
    tree.beginSeal()
    const encode = () => new Uint8Array(1_000)
    for (const allowed of [1, 1_512, 3_000]) {
      const done = tree.sealPiece(encode, allowed)
      expect(done).toBeGreaterThanOrEqual(allowed)
      expect(done).toBeLessThan(allowed + 1_512)
    }
  })

  test('is handed what changed in a bucket before it is encoded, and nothing else', () => {
    const tree = new BucketTree(hash)
    for (const bucket of [1, 2]) tree.touch(bucket)
    expect(tree.touch(1)).toBe(false)
    tree.beginSeal()
    expect([tree.touch(1), tree.touch(3)]).toEqual([true, false])
    tree.keep(1, 'a', text('then'))
    tree.keep(1, 'a', text('later'))
    tree.keep(1, 'b', undefined)
    expect([tree.hasKept(1, 'a'), tree.hasKept(2, 'a'), tree.formerCount]).toEqual([true, false, 2])
    const handed = new Map<number, unknown>()
    const encode: EncodeBucket = (bucket, former) => {
      handed.set(bucket, former && Object.fromEntries(former))
      return emptyBytes
    }
    tree.sealPiece(encode, 1)
    expect(tree.touch(1)).toBe(false)
    expect(tree.formerCount).toBe(0)
    tree.sealPiece(encode, 100_000)
    tree.endSeal()
    const a = text('then')
    expect(handed).toEqual(
      new Map<number, unknown>([
        [1, { a, b: undefined }],
        [2, undefined]
      ])
    )
    expect(tree.touchedBuckets).toEqual(new Set([1, 3]))
  })

  test('is one at a time, and has no image before its end', () => {
    const tree = new BucketTree(hash)
    tree.touch(1)
    tree.beginSeal()
    expect(() => tree.beginSeal()).toThrow('one seal at a time')
    expect(() => tree.endSeal()).toThrow('a seal that is complete')
    expect(() => tree.image()).toThrow('no image')
  })

  test('does not show in the image before it', () => {
    const tree = new BucketTree(hash)
    tree.touch(1)
    const { buckets, leaves } = tree.seal(() => text('one'))
    const copy = [...buckets]
    const copyOfLeaves = leaves.slice()
    tree.touch(1)
    tree.beginSeal()
    tree.sealPiece(() => text('two'), 1)
    expect(buckets).toEqual(copy)
    expect(leaves).toEqual(copyOfLeaves)
  })
})

describe('one bucket against the leaves', () => {
  const tree = new BucketTree(hash)
  tree.touch(7)
  const { leaves } = tree.seal(() => text('seven'))

  test('is right in its place alone', () => {
    expect(isBucketOf(leaves, 7, text('seven'), hash)).toBe(true)
    expect(isBucketOf(leaves, 7, text('Seven'), hash)).toBe(false)
    expect(isBucketOf(leaves, 8, text('seven'), hash)).toBe(false)
    expect(isBucketOf(leaves, 8, emptyBytes, hash)).toBe(true)
    expect(leafOf(leaves, 8)).toEqual(emptyLeaf(hash))
  })

  test('a changed leaf gives another root', () => {
    const changed = leaves.slice()
    changed.set(leafHash(text('other'), hash), 7 * 32)
    expect(rootOfLeaves(changed, hash)).not.toBe(rootOfLeaves(leaves, hash))
    expect(() => rootOfLeaves(leaves.subarray(1), hash)).toThrow('leaves')
  })
})
