import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { accepted, type Epoch, type Round } from '@novacron/base'
import {
  type BullsharkMessage,
  type Certificate,
  type Header,
  headerSigningBytes,
  makeCertificate,
  makeHeader,
  type SigningDomain
} from '@novacron/consensus'
import type { ReplicaMessage } from '@novacron/replica'
import { describe, expect, test } from 'vitest'
import { DagBuilder } from '../../src/index.ts'
import { sha256 } from '../hash.ts'
import { runCase } from './run.ts'
import { seatedReplica } from './seated.ts'

describe('case 11 (snarkOS #2846, Starfish): f twins, and certificates kept from some', () => {
  test.each([4, 7])('of %i: the honest commit, and nobody is left behind', replicas => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const count = Math.floor((replicas - 1) / 3)
      const byzantine = Array.from({ length: count }, (_, place) => ({
        place,
        behaviours: [['twins', 'withhold-certificates'], ['withhold-certificates']][
          place % 2
        ] as never
      }))
      const { report } = runCase({ seed, replicas, byzantine })
      expect(report.firstViolation, `seed ${seed}`).toBeUndefined()
      expect(report.recoveredMs).toBeDefined()
    }
  })
})

describe('case 12 (snarkOS #2876, Telcoin #441, #788): what no honest member sends', () => {
  const builder = new DagBuilder(4, sha256)
  const from = builder.committee.peerOf(builder.replica(1))
  const machine = seatedReplica(builder)

  const genuine = builder.vertex(1 as Round, builder.replica(1), [])

  function headerWith(fields: Partial<Header>, domain: SigningDomain = builder.domain): Header {
    return makeHeader({ ...genuine.header, ...fields }, domain, sha256)
  }

  const asHeader = (header: Header): BullsharkMessage => ({
    type: 'header',
    signed: {
      header,
      signature: new Uint8Array(64).fill(headerSigningBytes(header, builder.domain)[0] as number)
    }
  })
  const asCertificate = (header: Header, signatures = genuine.signatures): BullsharkMessage => ({
    type: 'certificate',
    certificate: makeCertificate(header, signatures, builder.domain, sha256) as Certificate
  })
  const asVote = (header: Header): BullsharkMessage => ({
    type: 'vote',
    vote: {
      epoch: header.epoch,
      round: header.round,
      author: header.author,
      headerId: header.id,
      voter: builder.replica(1),
      signature: new Uint8Array(64)
    }
  })

  const far = [Number.MAX_SAFE_INTEGER, 101 + 1].map(round => headerWith({ round: round as Round }))
  const foreignEpoch = headerWith({ epoch: 1 as Epoch }, { ...builder.domain, epoch: 1 as Epoch })
  const parents = Array.from({ length: 40 }, (_, author) => ({
    author: author as never,
    digest: genuine.digest
  }))
  const crowded = headerWith({ round: 2 as Round, parents })
  const bomb = Array.from({ length: 1_000 }, (_, voter) => ({
    voter: voter as never,
    signature: new Uint8Array(64)
  }))

  const hostile: readonly (readonly [string, readonly BullsharkMessage[]])[] = [
    ['rounds that nobody will see', far.flatMap(h => [asHeader(h), asCertificate(h), asVote(h)])],
    ['another epoch', [asHeader(foreignEpoch), asCertificate(foreignEpoch), asVote(foreignEpoch)]],
    ['ten times the parents', [asHeader(crowded), asCertificate(crowded)]],
    ['more signatures than members', [asCertificate(genuine.header, bomb)]]
  ]

  test('what is in order is let through to its signatures', () => {
    for (const message of [asHeader(genuine.header), asCertificate(genuine.header)]) {
      expect(machine.screen(from, { layer: 'order', message }), message.type).toEqual(accepted)
    }
  })

  test.each(hostile)(
    '%s: refused or ignored before any signature is checked',
    (_name, messages) => {
      for (const message of messages) {
        const wrapped: ReplicaMessage<BullsharkMessage> = { layer: 'order', message }
        expect(machine.screen(from, wrapped).type, message.type).not.toBe('accept')
      }
    }
  )

  test('a hundred thousand of them leave nothing behind', () => {
    const all = hostile.flatMap(([, messages]) =>
      messages.map((message): ReplicaMessage<BullsharkMessage> => ({ layer: 'order', message }))
    )
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    for (const message of all) machine.screen(from, message)
    collect()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 100_000; i++) machine.screen(from, all[i % all.length] as never)
    collect()
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_048_576)
  })

  test('members that send them change nothing for the others', () => {
    const { report } = runCase({
      byzantine: [{ place: 2, behaviours: ['far-future', 'wrong-epoch', 'flood'] }]
    })
    expect(report.firstViolation).toBeUndefined()
  })
})
