import { type Digest, digestOf, type ReplicaId, type Round, Writer } from '@novacron/base'
import {
  type BullsharkMessage,
  type Header,
  headerSigningBytes,
  makeHeader
} from '@novacron/consensus'
import type { ReplicaMessage } from '@novacron/replica'
import { burstMax, type Letter, type LiarSeat, type Lie } from './liar.ts'

type Message = ReplicaMessage<BullsharkMessage>

/** Batches that an invented header names: as many as one may. */
const inventedBatches = 32

/**
 * Everything many times over, and with each of its headers what was never valid: headers of the next rounds, rightly signed, that
 * name payload and parents that do not exist; the same in the name of others; votes for nothing; requests for nothing.
 */
export class Flood implements Lie<Message> {
  readonly #seat: LiarSeat
  #invented = 0

  constructor(seat: LiarSeat) {
    this.#seat = seat
  }

  outgoing(letter: Letter<Message>): readonly Letter<Message>[] {
    const { prng } = this.#seat
    const copies = new Array<Letter<Message>>(1 + prng.below(burstMax)).fill(letter)
    const { message } = letter
    if (message.layer !== 'order' || message.message.type !== 'header') return copies
    const { header } = message.message.signed
    return [
      ...copies,
      ...this.#junk(header).map((each): Letter<Message> => {
        return { ...letter, message: { layer: 'order', message: each } }
      })
    ]
  }

  #junk(own: Header): readonly BullsharkMessage[] {
    const { committee, domain, hash, prng, self, sign } = this.#seat
    const header = this.#inventedHeader(own)
    const signature = sign(headerSigningBytes(header, domain))
    const author = prng.below(committee.size) as ReplicaId
    const foreign = makeHeader({ ...header, author }, domain, hash)
    const { epoch, round } = header
    const headerId = this.#digest()
    return [
      { type: 'header', signed: { header, signature } },
      { type: 'header', signed: { header: foreign, signature } },
      { type: 'vote', vote: { epoch, round, author, headerId, voter: self, signature } },
      { type: 'pull', epoch, digests: [this.#digest(), this.#digest()] }
    ]
  }

  #inventedHeader(own: Header): Header {
    const { domain, hash, prng } = this.#seat
    const round = Math.min(Number.MAX_SAFE_INTEGER, own.round + 1 + prng.below(3)) as Round
    return makeHeader(
      {
        ...own,
        round,
        payload: Array.from({ length: inventedBatches }, () => ({
          digest: this.#digest(),
          sizeBytes: 1 + prng.below(100_000)
        })),
        parents: own.parents.map(({ author }) => ({ author, digest: this.#digest() }))
      },
      domain,
      hash
    )
  }

  #digest(): Digest {
    const { hash, place } = this.#seat
    return digestOf(
      hash,
      new Writer(16)
        .u64(place)
        .u64(this.#invented++)
        .finish()
    )
  }
}
