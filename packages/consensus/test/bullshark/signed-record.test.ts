import type { Epoch, Write } from '@novacron/base'
import { expect, test } from 'vitest'
import { SignedRecord } from '../../src/bullshark/signed-record.ts'
import { signingRules } from '../../src/bullshark/signing-rules.ts'
import type { Row } from '../../src/index.ts'
import { at, domain, hash, header, replica, round, signed, voteBy } from '../fixtures.ts'

function rowOf(write: Write): Row {
  if (write.type !== 'put') throw new Error('not a put')
  return { table: write.table, key: write.key, value: write.value }
}

const own = header({ round: round(4) })
const others = [1, 2].map(author => header({ round: round(4 + author), author: replica(author) }))

test('what was signed comes back after a restart', () => {
  const record = new SignedRecord()
  const rows = [
    rowOf(record.setHeader(signed(own))),
    ...others.map(value => rowOf(record.setVote(voteBy(0, value))))
  ]
  const restored = new SignedRecord()
  restored.restore([...rows, { ...rows[0]!, value: undefined }], domain, hash)
  expect(restored.header).toEqual(record.header)
  expect(restored.voteFor(replica(2))).toEqual(record.voteFor(replica(2)))
  expect(restored.headerRound).toBe(4)
})

test('one row for each author: a later vote replaces the earlier', () => {
  const record = new SignedRecord()
  const [first, second] = [5, 6].map(r =>
    rowOf(record.setVote(voteBy(0, header({ round: round(r), author: replica(1) }))))
  )
  expect(first?.key).toEqual(second?.key)
})

test('nothing signed yet is round zero', () => {
  const record = new SignedRecord()
  expect([record.headerRound, record.header]).toEqual([0, undefined])
  expect(record.voteFor(replica(1))).toBeUndefined()
})

test('signatures of another epoch bind nothing in this one', () => {
  const record = new SignedRecord()
  const rows = [rowOf(record.setHeader(signed(own))), rowOf(record.setVote(voteBy(0, others[0]!)))]
  const next = new SignedRecord()
  next.restore(rows, { ...domain, epoch: 1 as Epoch }, hash)
  expect([next.headerRound, next.voteFor(replica(1))]).toEqual([0, undefined])
})

test('two headers equivocate only in one slot', () => {
  const known = { headerId: own.id, round: own.round }
  expect(signingRules.isEquivocation(known, signed(own))).toBe(false)
  expect(signingRules.isEquivocation(known, signed(header({ round: round(5) })))).toBe(false)
  expect(
    signingRules.isEquivocation(known, signed(header({ round: round(4), createdAt: at(1) })))
  ).toBe(true)
})
