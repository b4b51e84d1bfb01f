import type { Write } from '@novacron/base'
import type { SignedHeader } from '../dag/header.ts'
import type { Vote } from '../dag/vote.ts'

/** The decisions by which a replica never signs two contents for one slot, whatever its process and its disk go through. */
export interface SigningRules {
  /** Rows that are on the disk before a vote leaves: the record of it, and the header that it is for. */
  rowsOfVote(record: Write, header: Write): readonly Write[]
  /** The own header that a restarted replica completes; it signs no other up to that round. */
  restoredHeader(recorded: SignedHeader): SignedHeader | undefined
  /** Is this another header of the slot that was voted for? */
  isEquivocation(voted: Pick<Vote, 'round' | 'headerId'>, seen: SignedHeader): boolean
  /** Believed is a record that was there at the start, unless others hold signatures that are not in it. */
  isRecordTrusted(wasPresent: boolean, isContradicted: boolean): boolean
}

export const signingRules: SigningRules = {
  rowsOfVote: (record, header) => [record, header],
  restoredHeader: recorded => recorded,
  isEquivocation: (voted, { header }) =>
    voted.round === header.round && voted.headerId !== header.id,
  isRecordTrusted: (wasPresent, isContradicted) => wasPresent && !isContradicted
}
