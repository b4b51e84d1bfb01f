import type { BullsharkMessage } from '../../src/index.ts'
import { certify, domain, header, replica, round, signed, voteBy } from '../fixtures.ts'

export type OwnRound = Extract<BullsharkMessage, { type: 'own-round' }>
export type Proofs = Partial<Pick<OwnRound, 'header' | 'vote' | 'certificates'>>

/** An answer with these proofs; without any it says: nothing known of you. */
export function ownRound(proofs: Proofs = {}, nonce = 1_000): OwnRound {
  return { type: 'own-round', epoch: domain.epoch, nonce, certificates: [], ...proofs }
}

export const headerAt = (r: number, author = 0) =>
  header({ round: round(r), author: replica(author) })

/** The header of `author` in a round, as it was voted for. */
export const headerProof = (r: number, author = 0): Proofs => ({
  header: signed(headerAt(r, author))
})

/** A vote of `voter` for the header of `author`. */
export const voteProof = (r: number, author: number, voter = 0): Proofs => ({
  vote: voteBy(voter, headerAt(r, author))
})

/** A vertex of `author` with the votes of these. */
export const certified = (r: number, author: number, voters: readonly number[] = [1, 2, 3]) =>
  certify(headerAt(r, author), voters)
