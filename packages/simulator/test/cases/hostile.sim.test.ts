import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { accepted, type Epoch, type Round } from '@novacron/base'
import {
  type BullsharkMessage,
  type Certificate,
  defaultBullsharkOptions,
  type Header,
  headerSigningBytes,
  makeCertificate,
  makeHeader,
  type SigningDomain
} from '@novacron/consensus'
import type { ReplicaMessage } from '@novacron/replica'
import { describe, expect, test } from 'vitest'
import { type Behaviour, bullsharkModes, DagBuilder } from '../../src/index.ts'
import { sha256 } from '../hash.ts'
import { seeds } from '../seeds.ts'
import { runCase } from './run.ts'
import { seatedReplica } from './seated.ts'

describe.each(bullsharkModes)(
  'case 11 (snarkOS #2846, Starfish): f twins, and certificates kept from some, %s',
  mode => {
    const chaosMs = 2_000
    const runs = [4, 7].flatMap(replicas => seeds(2).map(seed => ({ replicas, seed })))

    test.each(runs)(
      '$replicas replicas, seed $seed: the honest commit, nobody is left behind',
      more => {
        const { replicas, seed } = more
        const count = Math.floor((replicas - 1) / 3)
        // The second of the liars keeps back what it certifies and has no twin.
        const behaviours: readonly Behaviour[] = ['withhold-certificates', 'twins']
        const byzantine = Array.from({ length: count }, (_, place) => ({
          place,
          behaviours: place === 0 ? behaviours : behaviours.slice(0, 1)
        }))
        const run = runCase({ mode, seed, replicas, byzantine, chaosMs })
        expect(run.report.firstViolation).toBeUndefined()
        const { counts } = run.report
        expect(counts.get('lie_twins')).toBeGreaterThan(5)
        // A twin that finds no quorum for either copy has nothing to keep back: of seven the other one has.
        if (count > 1) expect(counts.get('lie_withhold-certificates')).toBeGreaterThan(5)
        const honest = Array.from({ length: replicas - count }, (_, at) => count + at)
        const highestAt = (atMs: number) =>
          Math.max(...honest.map(place => run.indexAt(place, atMs)))
        // The liars never stop. What some honest member has run, all of them have run a second later.
        for (let atMs = 500; atMs <= chaosMs - 1_000; atMs += 250) {
          expect(highestAt(atMs + 1_000), `${atMs} ms`).toBeGreaterThan(highestAt(atMs))
          for (const place of honest) {
            const later = run.indexAt(place, atMs + 1_000)
            expect(later, `place ${place}, ${atMs} ms`).toBeGreaterThanOrEqual(highestAt(atMs))
          }
        }
      }
    )
  }
)

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

  const { futureRoundsMax } = defaultBullsharkOptions
  const atRound = (round: number): Header => {
    const parents = [0, 1, 2].map(author => ({ author: author as never, digest: genuine.digest }))
    return headerWith({ round: round as Round, parents })
  }
  // Nothing is certified yet: rounds count from 0.
  const far = [Number.MAX_SAFE_INTEGER, futureRoundsMax + 1].map(atRound)
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
    const near = atRound(futureRoundsMax)
    const inOrder = [asHeader(genuine.header), asCertificate(genuine.header), asHeader(near)]
    for (const message of inOrder) {
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
    // Of the whole process, with buffers. RSS is no measure of it: pages stay with the process after they are free.
    const heldBytes = () => {
      collect()
      const { heapUsed, arrayBuffers } = process.memoryUsage()
      return heapUsed + arrayBuffers
    }
    const before = heldBytes()
    for (let i = 0; i < 100_000; i++) machine.screen(from, all[i % all.length] as never)
    expect(heldBytes() - before).toBeLessThan(1_048_576)
  })

  test.each(bullsharkModes)('%s: a member that sends them changes nothing for the others', mode => {
    const behaviours: readonly Behaviour[] = ['far-future', 'wrong-epoch', 'flood']
    const { report, indexAt } = runCase({
      ...{ mode, chaosMs: 1_200 },
      byzantine: [{ place: 2, behaviours }]
    })
    expect(report.firstViolation).toBeUndefined()
    for (const lie of behaviours) {
      expect(report.counts.get(`lie_${lie}`), lie).toBeGreaterThan(20)
    }
    for (const code of ['far-future-round', 'other-epoch']) {
      expect(report.counts.get(`ignored_${code}`), code).toBeGreaterThan(20)
    }
    expect(indexAt(0, 1_200)).toBeGreaterThan(indexAt(0, 600) + 3)
  })
})
