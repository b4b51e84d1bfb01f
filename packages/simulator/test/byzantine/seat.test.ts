import type { Millis, ReplicaId, Round } from '@novacron/base'
import { Prng } from '@novacron/base'
import {
  type BullsharkMessage,
  Committee,
  headerSigningBytes,
  makeHeader,
  voteSigningBytes
} from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import { behaviourNames, bullsharkOrderer, DagBuilder, type LiarSeat } from '../../src/index.ts'
import { SimulatedKeys } from '../../src/keys.ts'
import { sha256 } from '../hash.ts'

const keys = new SimulatedKeys(4, 5, sha256)
const { domain } = new DagBuilder(4, sha256)
const committee = new Committee(
  [0, 1, 2, 3].map(place => ({
    peer: `node-${place + 1}` as never,
    publicKey: keys.publicKey(place),
    weight: 1
  }))
)
const author = (place: number) => place as ReplicaId

function seatOf(place: number): LiarSeat {
  const self = author(place)
  const sign = keys.signer(place)
  return { place, self, committee, domain, hash: sha256, sign, prng: new Prng(3) }
}

const headerOf = (place: number) =>
  makeHeader(
    {
      epoch: domain.epoch,
      round: 1 as Round,
      author: author(place),
      createdAt: 7 as Millis,
      payload: [],
      parents: []
    },
    domain,
    sha256
  )

describe('a liar signs as itself alone', () => {
  const header = headerOf(2)
  const message = headerSigningBytes(header, domain)
  const signature = seatOf(1).sign(message)

  test('its signature holds for its own key and for no other', () => {
    const holders = [0, 1, 2, 3].filter(place =>
      keys.verify({ publicKey: keys.publicKey(place), message, signature })
    )
    expect(holders).toEqual([1])
  })

  test('a signature that it has heard does not hold for what it would like it to', () => {
    const heard = keys.signer(2)(message)
    const another = headerSigningBytes(headerOf(3), domain)
    const misplaced = { headerId: header.id, round: header.round, author: author(1) }
    for (const wanted of [voteSigningBytes(misplaced, domain), another]) {
      const check = { publicKey: keys.publicKey(2), message: wanted, signature: heard }
      expect(keys.verify(check)).toBe(false)
    }
    expect(keys.verify({ publicKey: keys.publicKey(2), message, signature: heard })).toBe(true)
  })
})

test.each(behaviourNames)('%s: no signature of another that holds was made by the liar', name => {
  const seat = seatOf(1)
  const lie = bullsharkOrderer().lie?.(name, seat)
  const header = headerOf(1)
  const signature = seat.sign(headerSigningBytes(header, domain))
  const own: BullsharkMessage = { type: 'header', signed: { header, signature } }
  const theirs: BullsharkMessage = {
    type: 'header',
    signed: {
      header: headerOf(2),
      signature: keys.signer(2)(headerSigningBytes(headerOf(2), domain))
    }
  }
  const letters = [
    ...(lie?.outgoing?.({
      to: 0,
      streamClass: 'order',
      message: { layer: 'order', message: own }
    }) ?? []),
    ...(lie?.heard?.(2, { layer: 'order', message: theirs }) ?? [])
  ]
  for (const { message } of letters) {
    if (message.layer !== 'order' || message.message.type !== 'header') continue
    const { signed } = message.message
    const holds = keys.verify({
      publicKey: keys.publicKey(signed.header.author),
      message: headerSigningBytes(signed.header, domain),
      signature: signed.signature
    })
    if (signed.header.author !== 1) expect(holds).toBe(false)
  }
})
