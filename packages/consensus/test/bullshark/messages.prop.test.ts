import type { CommitIndex, Epoch } from '@novacron/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { epochOf } from '../../src/bullshark/messages.ts'
import { type BullsharkMessage, bullsharkCodec } from '../../src/index.ts'
import { keepsCodecLaws } from '../codec-laws.ts'
import { certificates, digests, rounds, signedHeaders, votes } from '../dag/objects.ts'
import { domain, hash } from '../fixtures.ts'

const epoch = fc.maxSafeNat().map(value => value as Epoch)
const index = fc.maxSafeNat().map(value => value as CommitIndex)
const some = fc.array(certificates, { maxLength: 2 })

/** Each of the two is there or not. */
const proofs = fc.record({ header: signedHeaders, vote: votes }, { requiredKeys: [] })

const messages: fc.Arbitrary<BullsharkMessage> = fc.oneof(
  fc.record({ type: fc.constant('header' as const), signed: signedHeaders }),
  fc.record({ type: fc.constant('vote' as const), vote: votes }),
  fc.record({ type: fc.constant('certificate' as const), certificate: certificates }),
  fc.record({
    type: fc.constant('pull' as const),
    epoch,
    digests: fc.array(digests, { maxLength: 3 })
  }),
  fc.record({ type: fc.constant('pulled' as const), epoch, certificates: some }),
  fc.record({
    type: fc.constant('catch-up' as const),
    epoch,
    fromIndex: index,
    fromRound: rounds
  }),
  fc.record({
    type: fc.constant('caught-up' as const),
    epoch,
    fromIndex: index,
    lowest: index,
    head: index,
    certificates: some
  }),
  fc.record({ type: fc.constant('ask-own-round' as const), epoch, nonce: fc.maxSafeNat() }),
  fc
    .record({ nonce: fc.maxSafeNat(), epoch, certificates: some, proofs })
    .map(({ proofs: found, ...fields }) => ({ type: 'own-round' as const, ...fields, ...found }))
)

const codec = bullsharkCodec(domain, hash)
keepsCodecLaws({ name: 'bullshark message', values: messages, ...codec })

test('every message tells its epoch, wherever it carries it', () => {
  fc.assert(
    fc.property(messages, message => {
      const inner =
        message.type === 'header'
          ? message.signed.header
          : message.type === 'vote'
            ? message.vote
            : message.type === 'certificate'
              ? message.certificate.header
              : message
      expect(epochOf(message)).toBe(inner.epoch)
    })
  )
})
