import type { Millis } from '@novacron/base'
import { beforeEach, describe, expect, test } from 'vitest'
import { Certifier } from '../../src/bullshark/certifier.ts'
import type { BullsharkEffect, BullsharkParts } from '../../src/bullshark/parts.ts'
import { SignedRecord } from '../../src/bullshark/signed-record.ts'
import type { Header, HeaderFields, SignedHeader } from '../../src/index.ts'
import { at, batch, header, partsOf, peerAt, replica, round, Sketch, signed } from '../fixtures.ts'

const now = at(5_000)
let sketch: Sketch
let parts: BullsharkParts
let record: SignedRecord
let certifier: Certifier
let held: Set<string>

function build(): void {
  parts = partsOf({ dag: sketch.dag(), hasBatch: digest => held.has(digest) })
  record = new SignedRecord()
  certifier = new Certifier(parts, record)
  certifier.maySign = true
}

beforeEach(() => {
  held = new Set()
  sketch = new Sketch().full(1, 2)
  build()
})

/** A header of replica 1 in round 3, on everything in round 2. */
function headerOf(fields: Partial<HeaderFields> = {}): Header {
  const parents = parts.dag
    .round(round(2))
    .map(c => ({ author: c.header.author, digest: c.digest }))
  return header({ round: round(3), author: replica(1), parents, ...fields })
}

function receive(value: SignedHeader, time: Millis = now): BullsharkEffect[] {
  const out: BullsharkEffect[] = []
  certifier.onHeader(peerAt(value.header.author), value, time, out)
  return out
}

test('payload that was voted for is promised until its vertex is ordered or collected', () => {
  const named = batch('promised')
  held.add(named.digest)
  receive(signed(headerOf({ payload: [named] })))
  expect([...certifier.promisedPayload()]).toEqual([named.digest])
  parts.dag.markCommitted({ round: round(3), author: replica(1), digest: named.digest })
  expect([...certifier.promisedPayload()]).toEqual([])
  build()
  receive(signed(headerOf({ payload: [named] })))
  expect([...certifier.promisedPayload()]).toEqual([named.digest])
  parts.dag.collect(round(3))
  expect([...certifier.promisedPayload()]).toEqual([])
  build()
  receive(signed(headerOf({ payload: [named] })))
  // Its certificate may be kept from this member: a newer vote for the same author changes nothing.
  parts.dag.insert(sketch.add(3, 0))
  parts.dag.insert(sketch.add(3, 2))
  parts.dag.insert(sketch.add(3, 3))
  const above = parts.dag.round(round(3)).map(c => ({ author: c.header.author, digest: c.digest }))
  receive(signed(header({ round: round(4), author: replica(1), parents: above })))
  expect(record.voteFor(replica(1))?.round).toBe(4)
  expect([...certifier.promisedPayload()]).toEqual([named.digest])
})

test('only the newest header of an author has anything looked for', () => {
  const out: BullsharkEffect[] = []
  const ask = (r: number, name: string) =>
    certifier.onHeader(
      peerAt(1),
      signed(headerOf({ round: round(r), payload: [batch(name)] })),
      now,
      out
    ).batches
  expect(ask(5, 'newest')).toEqual([batch('newest')])
  expect(ask(4, 'older')).toEqual([])
  expect(ask(6, 'newer')).toEqual([batch('newer')])
})

describe('a header from the future', () => {
  const createdAt = at(7_000)
  const dueAt = at(6_500)
  const votes = (effects: readonly BullsharkEffect[]) =>
    effects.filter(e => e.type === 'send' && e.message.type === 'vote').length
  const retry = (time: number) => {
    const out: BullsharkEffect[] = []
    certifier.retryPending(at(time), out)
    return votes(out)
  }

  test('is kept and voted for when it is due, not before', () => {
    expect(votes(receive(signed(headerOf({ createdAt }))))).toBe(0)
    expect(certifier.earlyUntil(now)).toBe(dueAt)
    expect([...certifier.clockLeads]).toEqual([[1, 2_000]])
    expect([6_499, 6_500, 6_501].map(retry)).toEqual([0, 1, 0])
    expect(certifier.earlyUntil(dueAt)).toBeUndefined()
    // The clocks differ all the same, until a header shows that they do not.
    expect(certifier.clockLeads.size).toBe(1)
    receive(signed(headerOf({ round: round(4), createdAt })), dueAt)
    expect(certifier.clockLeads.size).toBe(0)
  })

  test('has what it names looked for meanwhile', () => {
    const value = signed(headerOf({ createdAt, payload: [batch('x')] }))
    expect(certifier.onHeader(peerAt(1), value, now, []).batches).toEqual([batch('x')])
    expect(retry(7_000)).toBe(0)
    held.add(batch('x').digest)
    expect(retry(7_000)).toBe(1)
  })

  test('is one for each author, the first to be due is waited for, and none is kept for longer than a minute', () => {
    receive(signed(headerOf({ createdAt: at(9_000) })))
    receive(signed(headerOf({ author: replica(2), createdAt })))
    receive(signed(headerOf({ author: replica(3), createdAt: at(65_001) })))
    expect(certifier.earlyUntil(now)).toBe(dueAt)
    expect(certifier.clockLeads.size).toBe(3)
    expect(retry(100_000)).toBe(2)
  })
})
