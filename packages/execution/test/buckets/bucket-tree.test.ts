import { emptyBytes, type Hash, toHex } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import {
  BucketTree,
  bucketCount,
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
    expect(tree.takeUnsaved()).toHaveLength(bucketCount)
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
