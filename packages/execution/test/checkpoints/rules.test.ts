import type { Epoch } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { VoteBook } from '../../src/checkpoints/vote-book.ts'
import {
  type CheckpointMessage,
  checkpointSignatures,
  checkpointSigningBytes,
  restoreCheckpoints,
  screenCheckpointMessage
} from '../../src/index.ts'
import { digestAt, replica } from '../fixtures.ts'
import { certificateOf, checkpointAt, committee, voteOf } from './committee.ts'

const checkpoint = checkpointAt(500)
const vote = (seat: number, change = {}): CheckpointMessage => ({
  type: 'checkpoint-vote',
  vote: voteOf(seat, { ...checkpoint, ...change })
})
const certificate = (...seats: number[]): CheckpointMessage => ({
  type: 'checkpoint-certificate',
  certificate: certificateOf(checkpoint, ...seats)
})

describe('screening', () => {
  test.each([
    { name: 'a vote', message: vote(3), code: undefined },
    { name: 'a vote of a stranger', message: vote(4), code: 'unknown-replica' },
    { name: 'another chain', message: vote(3, { chain: digestAt(1) }), code: 'foreign-chain' },
    { name: 'another epoch', message: vote(3, { epoch: 1 as Epoch }), code: 'foreign-epoch' },
    { name: 'a certificate', message: certificate(0, 2, 3), code: undefined },
    { name: 'too little weight', message: certificate(0, 2), code: 'weight-short' },
    { name: 'a stranger among signers', message: certificate(0, 2, 3, 4), code: 'unknown-replica' },
    { name: 'a signer twice', message: certificate(0, 2, 2), code: 'unknown-replica' }
  ])('$name', ({ message, code }) => {
    const verdict = screenCheckpointMessage(message, committee)
    expect(verdict.type === 'accept' ? undefined : verdict.fault.code).toBe(code)
  })

  test('names every signature that must hold', () => {
    const bytes = checkpointSigningBytes(checkpoint)
    expect(checkpointSignatures(vote(3), committee)).toEqual([
      { publicKey: new Uint8Array([3]), message: bytes, signature: voteOf(3, checkpoint).signature }
    ])
    const checks = checkpointSignatures(certificate(0, 1, 3), committee)
    expect(checks.map(check => check.publicKey[0])).toEqual([0, 1, 3])
  })
})

describe('the book of votes', () => {
  test('keeps the newest of each replica: one that votes for all the future pushes out nobody else', () => {
    const book = new VoteBook(8)
    book.add(voteOf(1, checkpoint))
    for (let index = 501; index <= 2_000; index++) book.add(voteOf(3, checkpointAt(index)))
    expect(book.size).toBe(9)
    expect(book.certificateOf(voteOf(1, checkpoint)).signatures).toHaveLength(1)
    book.add(voteOf(3, checkpoint))
    expect(book.certificateOf(voteOf(1, checkpoint)).signatures).toHaveLength(1)
    book.forgetUpTo(1_999)
    expect(book.size).toBe(1)
    expect(book.add(voteOf(3, checkpointAt(2_000)))).toBe('known')
    expect(book.add(voteOf(3, checkpointAt(2_000, 2)))).toBe('conflict')
  })

  test('a certificate has its signers in order', () => {
    const book = new VoteBook(8)
    for (const seat of [2, 0, 3]) book.add(voteOf(seat, checkpoint))
    const { signatures } = book.certificateOf(voteOf(1, checkpoint))
    expect(signatures.map(item => item.replica)).toEqual([0, 2, 3].map(replica))
    expect(book.certificateOf(voteOf(1, checkpointAt(7))).signatures).toEqual([])
  })
})

test('a damaged row is not passed over', () => {
  const row = { table: 'checkpoint-vote', key: new Uint8Array(8), value: new Uint8Array(3) }
  expect(() => restoreCheckpoints([row])).toThrow('truncated')
  expect(restoreCheckpoints([{ ...row, value: undefined }])).toEqual({
    certificates: [],
    votes: []
  })
  expect(restoreCheckpoints([{ ...row, table: 'other' }])).toEqual({ certificates: [], votes: [] })
})
