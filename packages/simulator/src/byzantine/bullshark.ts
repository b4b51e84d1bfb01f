import type { Epoch, Millis, Round } from '@novacron/base'
import {
  type BullsharkMessage,
  type Certificate,
  type Header,
  headerSigningBytes,
  makeCertificate,
  makeHeader,
  type SignedHeader,
  type SigningDomain,
  subjectOf,
  type Vote,
  voteSigningBytes
} from '@novacron/consensus'
import type { GossipMessage, ReplicaMessage } from '@novacron/replica'
import type { Behaviour } from './behaviour.ts'
import { Flood } from './flood.ts'
import { type Letter, type LiarSeat, type Lie, memoryMax } from './liar.ts'
import { lyingSync } from './lying-sync.ts'

type Message = ReplicaMessage<BullsharkMessage>

const order = (message: BullsharkMessage): Message => ({ layer: 'order', message })

/** The lies that are told in words of Bullshark and of the replica around it. */
export function bullsharkLie(
  behaviour: Behaviour,
  seat: LiarSeat
): Lie<Message, GossipMessage> | undefined {
  switch (behaviour) {
    case 'equivocate':
      return new Equivocation(seat)
    case 'withhold-certificates':
      return withholdCertificates(seat)
    case 'invalid-signatures':
      return { outgoing: letter => [broken(letter, seat)] }
    case 'forge':
      return { outgoing: letter => [forged(letter, seat)] }
    case 'wrong-epoch':
      return { outgoing: letter => [letter, ...foreign(letter, seat)] }
    case 'far-future':
      return { outgoing: letter => [letter, ...future(letter, seat)] }
    case 'lying-sync':
      return lyingSync(seat)
    case 'flood':
      return new Flood(seat)
    case 'vote-for-all':
      return { heard: (from, message) => voteFor(from, message, seat) }
    default:
      return undefined
  }
}

function signed(header: Header, domain: SigningDomain, seat: LiarSeat): SignedHeader {
  return { header, signature: seat.sign(headerSigningBytes(header, domain)) }
}

function vote(header: Header, seat: LiarSeat): Vote {
  const subject = subjectOf(header)
  const { domain, self, sign } = seat
  const signature = sign(voteSigningBytes(subject, domain))
  return { ...subject, epoch: header.epoch, voter: self, signature }
}

/**
 * Two headers for each slot of its own. The second goes to one half of the members; with the votes that it gets there it is
 * made a certificate as soon as one honest vote is among them, which right rules refuse below a quorum.
 */
class Equivocation implements Lie<Message> {
  readonly #seat: LiarSeat
  readonly #otherSide: ReadonlySet<number>
  /** Sees both, and tells: it is honest. */
  readonly #witness: number
  /** By the id of the first and of the second header. */
  readonly #seconds = new Map<string, SignedHeader>()
  readonly #votes = new Map<string, { readonly header: Header; readonly votes: Vote[] }>()

  constructor(seat: LiarSeat) {
    const { committee, place, prng, isLiar = () => false } = seat
    this.#seat = seat
    const others = prng.shuffle(
      committee.members.map((_, at) => at).filter(other => other !== place)
    )
    this.#otherSide = new Set(others.slice(0, Math.ceil(others.length / 2)))
    this.#witness = others.findLast(other => !isLiar(other)) as number
  }

  outgoing(letter: Letter<Message>): readonly Letter<Message>[] {
    const { message } = letter
    if (message.layer !== 'order' || message.message.type !== 'header') return [letter]
    const second = this.#secondOf(message.message.signed)
    const lie = { ...letter, message: order({ type: 'header', signed: second }) }
    if (letter.to === this.#witness) return [letter, lie]
    return this.#otherSide.has(letter.to) ? [lie] : [letter]
  }

  heard(_from: number, message: Message): readonly Letter<Message>[] {
    if (message.layer !== 'order' || message.message.type !== 'vote') return []
    const { vote: given } = message.message
    const open = this.#votes.get(given.headerId)
    if (open === undefined || open.votes.some(({ voter }) => voter === given.voter)) return []
    open.votes.push(given)
    const { committee } = this.#seat
    const weight = open.votes.reduce((sum, { voter }) => sum + committee.weightOf(voter), 0)
    if (weight < committee.validityWeight) return []
    const certificate = this.#certificate(open.header, open.votes)
    return [...this.#otherSide].map(to => ({
      to,
      streamClass: 'order' as const,
      message: order({ type: 'certificate', certificate })
    }))
  }

  #secondOf(first: SignedHeader): SignedHeader {
    const known = this.#seconds.get(first.header.id)
    if (known !== undefined) return known
    const { domain, hash } = this.#seat
    const createdAt = (first.header.createdAt + 1) as Millis
    const header = makeHeader({ ...first.header, createdAt, payload: [] }, domain, hash)
    const second = signed(header, domain, this.#seat)
    if (this.#seconds.size >= memoryMax) this.#forget()
    this.#seconds.set(first.header.id, second)
    this.#votes.set(header.id, { header, votes: [vote(header, this.#seat)] })
    return second
  }

  #forget(): void {
    const [oldest] = this.#seconds
    if (oldest === undefined) return
    this.#seconds.delete(oldest[0])
    this.#votes.delete(oldest[1].header.id)
  }

  #certificate(header: Header, votes: readonly Vote[]): Certificate {
    const { domain, hash } = this.#seat
    const signatures = [...votes]
      .sort((a, b) => a.voter - b.voter)
      .map(({ voter, signature }) => ({ voter, signature }))
    return makeCertificate(header, signatures, domain, hash)
  }
}

function withholdCertificates({ committee, place, prng }: LiarSeat): Lie<Message> {
  const others = committee.members.map((_, at) => at).filter(at => at !== place)
  const kept = new Set(prng.shuffle(others).slice(0, Math.ceil(others.length / 2)))
  return {
    outgoing: letter =>
      letter.message.layer === 'order' &&
      letter.message.message.type === 'certificate' &&
      kept.has(letter.to)
        ? []
        : [letter]
  }
}

/** Every other message with a signature of its own gets a wrong one. */
function broken(letter: Letter<Message>, { prng }: LiarSeat): Letter<Message> {
  const { message } = letter
  if (message.layer !== 'order' || prng.chance(0.5)) return letter
  const inner = message.message
  const spoil = (signature: Uint8Array) => {
    const copy = signature.slice()
    const at = prng.below(copy.length)
    copy[at] = (copy[at] as number) ^ (1 << prng.below(8))
    return copy
  }
  switch (inner.type) {
    case 'header': {
      const { header, signature } = inner.signed
      return {
        ...letter,
        message: order({ type: 'header', signed: { header, signature: spoil(signature) } })
      }
    }
    case 'vote': {
      const { vote: given } = inner
      const lie = { ...given, signature: spoil(given.signature) }
      return { ...letter, message: order({ type: 'vote', vote: lie }) }
    }
    case 'certificate': {
      const { certificate } = inner
      const at = prng.below(certificate.signatures.length)
      const signatures = certificate.signatures.map((one, index) =>
        index === at ? { ...one, signature: spoil(one.signature) } : one
      )
      const lie = { ...certificate, signatures }
      return { ...letter, message: order({ type: 'certificate', certificate: lie }) }
    }
    default:
      return letter
  }
}

/** To every other member, a certificate of another header with a quorum of votes, of which only the own is one. */
function forged(letter: Letter<Message>, seat: LiarSeat): Letter<Message> {
  const { message, to } = letter
  const isOwn = message.layer === 'order' && message.message.type === 'certificate'
  if (!isOwn || to % 2 === 0 || message.message.type !== 'certificate') return letter
  const { domain, hash, prng } = seat
  const { header, signatures } = message.message.certificate
  const createdAt = (header.createdAt + 2) as Millis
  const other = makeHeader({ ...header, createdAt, payload: [] }, domain, hash)
  const votes = signatures.map(({ voter, signature }) => {
    if (voter === seat.self) return { voter, signature: vote(other, seat).signature }
    return { voter, signature: signature.map(() => prng.below(256)) }
  })
  const certificate = makeCertificate(other, votes, domain, hash)
  return { ...letter, message: order({ type: 'certificate', certificate }) }
}

/** The own header once more for the next epoch, or for another chain. */
function foreign(letter: Letter<Message>, seat: LiarSeat): readonly Letter<Message>[] {
  const { message } = letter
  if (message.layer !== 'order' || message.message.type !== 'header') return []
  const { header } = message.message.signed
  const epoch = (header.epoch + 1) as Epoch
  const domain = { ...seat.domain, epoch }
  const next = makeHeader({ ...header, epoch }, domain, seat.hash)
  const otherChain = { ...seat.domain, chain: seat.domain.chain.replace(/./g, 'a') as never }
  return [signed(next, domain, seat), signed(header, otherChain, seat)].map(lie => ({
    ...letter,
    message: order({ type: 'header', signed: lie })
  }))
}

const leaps = [101, 5_000, Number.MAX_SAFE_INTEGER]

/** The own header once more, far ahead, and a vote for it. */
function future(letter: Letter<Message>, seat: LiarSeat): readonly Letter<Message>[] {
  const { message } = letter
  if (message.layer !== 'order' || message.message.type !== 'header') return []
  const { header } = message.message.signed
  const leap = seat.prng.pick(leaps)
  const round = Math.min(Number.MAX_SAFE_INTEGER, header.round + leap) as Round
  const far = makeHeader({ ...header, round }, seat.domain, seat.hash)
  return [
    { ...letter, message: order({ type: 'header', signed: signed(far, seat.domain, seat) }) },
    { ...letter, message: order({ type: 'vote', vote: vote(far, seat) }) }
  ]
}

function voteFor(from: number, message: Message, seat: LiarSeat): readonly Letter<Message>[] {
  if (message.layer !== 'order' || message.message.type !== 'header') return []
  const { header } = message.message.signed
  const given = order({ type: 'vote', vote: vote(header, seat) })
  return [{ to: from, streamClass: 'order', message: given }]
}
