import { createHash } from 'node:crypto'
import {
  type Digest,
  type Epoch,
  type Hash,
  type Millis,
  type PeerId,
  type ReplicaId,
  type Round,
  type Sign,
  toRound,
  type Verified
} from '@novacron/base'
import { type BullsharkOptions, defaultBullsharkOptions } from '../src/bullshark/options.ts'
import type { BullsharkParts } from '../src/bullshark/parts.ts'
import { bullsharkRules } from '../src/bullshark/rules.ts'
import {
  type BatchReference,
  type Certificate,
  Committee,
  Dag,
  type Header,
  type HeaderFields,
  headerSigningBytes,
  makeCertificate,
  makeHeader,
  type SignatureCheck,
  type SignedHeader,
  type SigningDomain,
  subjectOf,
  type Vote,
  voteSigningBytes
} from '../src/index.ts'

export const hash: Hash = bytes => new Uint8Array(createHash('sha256').update(bytes).digest())

export const domain: SigningDomain = {
  protocolVersion: 1,
  chain: 'ab'.repeat(32) as Digest,
  epoch: 0 as Epoch
}

export const peerAt = (replica: number): PeerId => `peer-${replica}` as PeerId
export const at = (millis: number): Millis => millis as Millis
export const replica = (index: number): ReplicaId => index as ReplicaId
export const round = toRound
export const verified = <T>(value: T): Verified<T> => value as Verified<T>

/** A committee whose members weigh so much, in this order. */
export function committeeOf(...weights: number[]): Committee {
  return new Committee(
    weights.map((weight, index) => ({
      peer: peerAt(index),
      publicKey: new Uint8Array(32).fill(index),
      weight
    }))
  )
}

export const four: Committee = committeeOf(1, 1, 1, 1)

/** 64 bytes that only this replica and message give. */
export function signerOf(index: number): Sign {
  return message => {
    const keyed = new Uint8Array([...message, index >> 8, index & 0xff])
    return new Uint8Array([...hash(keyed), ...hash(hash(keyed))])
  }
}

/** Does the signature hold, made by `signerOf` for the seat of this key? */
export function isSigned({ publicKey, message, signature }: SignatureCheck): boolean {
  const made = signerOf(publicKey[0] ?? 0)(message)
  return made.every((byte, at) => byte === signature[at])
}

export function digest(name: string | number): Digest {
  return createHash('sha256').update(`${name}`).digest('hex') as Digest
}

export function batch(name: string | number, sizeBytes = 100): BatchReference {
  return { digest: digest(name), sizeBytes }
}

export function header(fields: Partial<HeaderFields> = {}, under: SigningDomain = domain): Header {
  const base = { epoch: under.epoch, round: round(1), author: replica(0), createdAt: at(1_000) }
  return makeHeader({ ...base, payload: [], parents: [], ...fields }, under, hash)
}

export function signed(value: Header): SignedHeader {
  return { header: value, signature: signerOf(value.author)(headerSigningBytes(value, domain)) }
}

export function voteBy(voter: number, value: Header): Vote {
  const subject = subjectOf(value)
  const signature = signerOf(voter)(voteSigningBytes(subject, domain))
  return { ...subject, epoch: value.epoch, voter: replica(voter), signature }
}

export function certify(value: Header, voters: readonly number[]): Certificate {
  const signatures = voters.map(voter => voteBy(voter, value))
  return makeCertificate(
    value,
    signatures.map(vote => ({ voter: vote.voter, signature: vote.signature })),
    domain,
    hash
  )
}

/** A DAG drawn round by round, in memory only: who stands where and links to whom. */
export class Sketch {
  readonly committee: Committee
  readonly all: Certificate[] = []
  readonly #fill: (round: number, author: number) => Partial<HeaderFields>

  constructor(
    committee: Committee = four,
    fill: (round: number, author: number) => Partial<HeaderFields> = () => ({})
  ) {
    this.committee = committee
    this.#fill = fill
  }

  at(round: number, author: number): Certificate {
    const found = this.find(round, author)
    if (found === undefined) throw new Error(`nobody drew ${round}/${author}`)
    return found
  }

  find(round: number, author: number): Certificate | undefined {
    return this.all.find(c => c.header.round === round && c.header.author === author)
  }

  /** Adds one vertex that links to these authors of the round before; to all of them when left out. */
  add(atRound: number, author: number, parents?: readonly number[]): Certificate {
    const below = this.all.filter(c => c.header.round === atRound - 1)
    const linked = below.filter(c => parents === undefined || parents.includes(c.header.author))
    const value = header({
      round: round(atRound),
      author: replica(author),
      createdAt: at(atRound * 100),
      parents: linked.map(c => ({ author: c.header.author, digest: c.digest })),
      ...this.#fill(atRound, author)
    })
    const everyone = this.committee.members.map((_, index) => index)
    const certificate = certify(value, everyone)
    this.all.push(certificate)
    return certificate
  }

  /** Adds every round from `first` to `last`; these authors, everyone when left out, each linked to all below. */
  full(first: number, last: number, authors?: readonly number[]): this {
    const present = authors ?? this.committee.members.map((_, index) => index)
    for (let r = first; r <= last; r++) for (const author of present) this.add(r, author)
    return this
  }

  /** All of it up to `lastRound`, inserted from below. */
  dag(lastRound = Number.MAX_SAFE_INTEGER): Dag {
    const dag = new Dag(this.committee)
    for (const c of this.all) if (c.header.round <= lastRound) dag.insert(c)
    return dag
  }
}

/** The parts of a machine around a DAG; replica 0 of four unless told otherwise. */
export function partsOf(
  overrides: Partial<BullsharkParts> = {},
  options: Partial<BullsharkOptions> = {}
): BullsharkParts {
  const committee = overrides.committee ?? overrides.dag?.committee ?? four
  const self = 'self' in overrides ? overrides.self : replica(0)
  return {
    options: { ...defaultBullsharkOptions, ...options },
    committee,
    domain,
    hash,
    sign: signerOf(self ?? 0),
    rules: bullsharkRules,
    dag: new Dag(committee),
    hasBatch: () => true,
    sizeOfBatch: () => undefined,
    ...overrides,
    self
  }
}

/** The effects of one type, narrowed. */
export function only<E extends { readonly type: string }, T extends E['type']>(
  effects: readonly E[],
  type: T
): Extract<E, { readonly type: T }>[] {
  return effects.filter((e): e is Extract<E, { readonly type: T }> => e.type === type)
}

/** Names of the counters that these effects raise. */
export function counted(effects: readonly { readonly type: string }[]): string[] {
  return effects.flatMap(effect =>
    effect.type === 'count' && 'name' in effect ? [String(effect.name)] : []
  )
}

/** `r/a` of each, for comparisons that a reader can follow. */
export function slots(
  vertices: readonly (Certificate | { readonly round: Round; readonly author: ReplicaId })[]
): string[] {
  return vertices.map(v => {
    const place = 'header' in v ? v.header : v
    return `${place.round}/${place.author}`
  })
}
