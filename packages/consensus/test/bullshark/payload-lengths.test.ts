import { expect, test } from 'vitest'
import { Certifier } from '../../src/bullshark/certifier.ts'
import type { BullsharkEffect } from '../../src/bullshark/parts.ts'
import { SignedRecord } from '../../src/bullshark/signed-record.ts'
import {
  at,
  batch,
  counted,
  header,
  only,
  partsOf,
  peerAt,
  replica,
  round,
  Sketch,
  signed
} from '../fixtures.ts'

const now = at(5_000)

// What is kept of the log is counted by named lengths: a liar must not be able to name any.
test.each([
  { name: 'as long as it says', longer: 0, votes: 1, counts: [] },
  { name: 'longer', longer: 1, votes: 0, counts: ['header_with_false_lengths'] },
  { name: 'shorter', longer: -1, votes: 0, counts: ['header_with_false_lengths'] }
])('stored payload is $name', ({ longer, votes, counts }) => {
  const held = new Set<string>()
  const named = batch('a')
  const sketch = new Sketch().full(1, 2)
  const parts = partsOf({
    dag: sketch.dag(),
    hasBatch: digest => held.has(digest),
    sizeOfBatch: digest => (held.has(digest) ? named.sizeBytes + longer : undefined)
  })
  const certifier = new Certifier(parts, new SignedRecord())
  certifier.maySign = true
  const parents = parts.dag
    .round(round(2))
    .map(({ header: { author }, digest }) => ({ author, digest }))
  const fields = { round: round(3), author: replica(1), parents, payload: [named] }
  const value = signed(header(fields))
  const votesOf = (effects: readonly BullsharkEffect[]): number =>
    only(effects, 'send').filter(({ message }) => message.type === 'vote').length

  // What is not here yet is waited for: nothing is known of its length.
  const out: BullsharkEffect[] = []
  expect(certifier.onHeader(peerAt(1), value, now, out).batches).toEqual([named])
  expect(out).toEqual([])
  held.add(named.digest)
  certifier.retryPending(now, out)
  expect([votesOf(out), counted(out)]).toEqual([votes, counts])
  const again: BullsharkEffect[] = []
  certifier.onHeader(peerAt(1), value, now, again)
  expect([votesOf(again), counted(again)]).toEqual([votes, counts])
})
