import type { CommitIndex, Digest, Epoch, Millis } from '@novacron/base'
import type { CheckpointCertificate, CheckpointImage, TreeImage } from '@novacron/execution'
import { beforeEach, expect, test } from 'vitest'
import { ServedSnapshots } from '../src/served-snapshots.ts'
import { hash } from './fixtures.ts'

const digest = 'ab'.repeat(32) as Digest
const tree: TreeImage = { root: digest, buckets: [], leaves: new Uint8Array(0) }
const atMs = (ms: number) => ms as Millis

let retainedFrom: number
let served: ServedSnapshots
beforeEach(() => {
  retainedFrom = 1
  served = new ServedSnapshots(hash, () => retainedFrom as CommitIndex)
})

function add(index: number, ms: number): void {
  const checkpoint = {
    chain: digest,
    epoch: 0 as Epoch,
    index: index as CommitIndex,
    commitDigest: digest,
    stateRoot: digest,
    sessionRoot: digest
  }
  const image: CheckpointImage = { checkpoint, state: tree, sessions: tree }
  const certificate: CheckpointCertificate = { checkpoint, signatures: [] }
  served.addImage(image, new Uint8Array(1), atMs(ms))
  served.addCertificate(certificate, atMs(ms))
}

/** Asks for a piece of the snapshot at `index`. */
function isGiven(index: number, ms: number): boolean {
  const object = { type: 'extra' } as const
  const request = { type: 'get-object', index: index as CommitIndex, object, offset: 0 } as const
  return served.answer(request, atMs(ms)).type === 'piece'
}

function newest(): number {
  const answer = served.answer({ type: 'get-manifest', above: 0 as CommitIndex }, atMs(0))
  return answer.type === 'manifest' ? answer.manifest.certificate.checkpoint.index : 0
}

test('the newest two are given away, and a manifest of the newest', () => {
  for (const index of [10, 20, 30]) add(index, 0)
  expect([10, 20, 30].map(index => isGiven(index, 0))).toEqual([false, true, true])
  expect(newest()).toBe(30)
  expect(served.oldestIndex).toBe(20)
})

test('one that is being fetched stays while something of it is asked for', () => {
  add(10, 0)
  for (let i = 1; i <= 20; i++) {
    expect(isGiven(10, i * 5_000)).toBe(true)
    add(10 + 10 * i, i * 5_000)
  }
  expect(newest()).toBe(210)
  // It does not make anybody keep commits longer.
  expect(served.oldestIndex).toBe(200)
  expect(isGiven(10, 110_001)).toBe(false)
})

test('of two that are being fetched the first one stays', () => {
  add(10, 0)
  add(20, 0)
  for (const index of [10, 20]) isGiven(index, 1)
  add(30, 2)
  add(40, 2)
  expect([10, 20, 30, 40].map(index => isGiven(index, 3))).toEqual([true, false, true, true])
})

test('one after which commits are gone leads nowhere and goes too', () => {
  add(10, 0)
  isGiven(10, 1)
  add(20, 2)
  add(30, 2)
  retainedFrom = 11
  expect(isGiven(10, 3)).toBe(true)
  retainedFrom = 12
  expect(isGiven(10, 4)).toBe(false)
})

test('asking for what is not here, or for a manifest, keeps nothing', () => {
  isGiven(10, 0)
  add(10, 1)
  newest()
  add(20, 2)
  add(30, 2)
  expect(isGiven(10, 3)).toBe(false)
})
