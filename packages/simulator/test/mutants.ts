import type { Round } from '@novacron/base'
import { type BullsharkRules, bullsharkRules } from '@novacron/consensus'
import { Session } from '@novacron/execution'
import { type ReplicaRules, replicaRules } from '@novacron/replica'
import { type DriverLaw, driversLaw, type RunVerdict } from '../src/index.ts'

/** One plausible mistake: a single function of the rules, or a single clause of the driver's law, is another. */
export interface Mutant {
  readonly name: string
  /** What is replaced, as `docs/testing.md` lists it. */
  readonly replaces: string
  readonly bullshark?: BullsharkRules
  readonly replica?: ReplicaRules
  readonly law?: DriverLaw
  /** A safeguard that is off too, since it would hide the mistake; a seed that shows this alone shows nothing of the mutant. */
  readonly alsoOff?: BullsharkRules
  /** How it may be noticed first. */
  readonly verdicts: readonly RunVerdict[]
}

const { execution, checkpoints, retention, snapshots } = replicaRules
/** The record of own signatures counts as whole and new: otherwise a replica that has lost some of it abstains. */
const trusting: BullsharkRules = { ...bullsharkRules, isRecordTrusted: () => true }

export const mutants: readonly Mutant[] = [
  {
    name: 'M1 commits on one vote',
    replaces: 'BullsharkRules.commitWeight',
    bullshark: { ...bullsharkRules, commitWeight: () => 1 },
    verdicts: ['diverged']
  },
  {
    name: 'M2 orders the whole chain under the old schedule',
    replaces: 'BullsharkRules.anchorsToOrder',
    bullshark: { ...bullsharkRules, anchorsToOrder: chain => [...chain].reverse() },
    verdicts: ['diverged']
  },
  {
    name: 'M3 does not walk back',
    replaces: 'BullsharkRules.anchorChain',
    bullshark: { ...bullsharkRules, anchorChain: (_view, _leaderOf, _after, direct) => [direct] },
    verdicts: ['diverged']
  },
  {
    name: 'M4 collects garbage by its own highest round',
    replaces: 'BullsharkRules.gcRound',
    bullshark: {
      ...bullsharkRules,
      gcRound: (_anchorRound, depth, highest) => Math.max(0, highest - depth) as Round
    },
    verdicts: ['diverged', 'duplicated']
  },
  {
    name: 'M5 does not remember what is ordered',
    replaces: 'BullsharkRules.isOrdered',
    bullshark: { ...bullsharkRules, isOrdered: () => false },
    verdicts: ['duplicated', 'diverged']
  },
  {
    name: 'M6 takes f+1 for a quorum',
    replaces: 'BullsharkRules.quorumWeight',
    bullshark: { ...bullsharkRules, quorumWeight: committee => committee.validityWeight },
    verdicts: ['uncertified', 'diverged', 'double-signed', 'stalled', 'asserted']
  },
  {
    name: 'M7 does not persist its votes',
    replaces: 'SigningRules.rowsOfVote',
    bullshark: { ...trusting, rowsOfVote: (_record, header) => [header] },
    alsoOff: trusting,
    verdicts: ['double-signed']
  },
  {
    name: 'M8 sends before what it persisted is on the disk',
    replaces: 'DriverLaw.persistBeforeSend',
    law: { ...driversLaw, persistBeforeSend: false },
    verdicts: ['double-signed']
  },
  {
    name: 'M9 leaves the sync out',
    replaces: 'DriverLaw.syncOnDurable',
    law: { ...driversLaw, syncOnDurable: false },
    verdicts: ['double-signed', 'lost', 'stalled']
  },
  {
    name: 'M10 signs another header after a crash',
    replaces: 'SigningRules.restoredHeader',
    bullshark: { ...trusting, restoredHeader: () => undefined },
    alsoOff: trusting,
    verdicts: ['double-signed']
  },
  {
    name: 'M11 signs at once although its record is lost or old',
    replaces: 'SigningRules.isRecordTrusted',
    bullshark: trusting,
    verdicts: ['double-signed']
  },
  {
    name: 'M12 votes for payload that it does not hold',
    replaces: 'BullsharkRules.missingPayload',
    bullshark: { ...bullsharkRules, missingPayload: () => [] },
    verdicts: ['stalled']
  },
  {
    name: 'M13 persists effects without the sequences of their requests',
    replaces: 'ExecutionRules.encodeSession',
    replica: {
      ...replicaRules,
      execution: {
        ...execution,
        encodeSession: ({ clientKey, touched, touchedIndex }) =>
          new Session(clientKey, touched, touchedIndex).encode()
      }
    },
    verdicts: ['duplicated', 'diverged', 'lost']
  },
  {
    name: 'M14 runs a request again that a client repeats',
    replaces: 'ExecutionRules.accept',
    replica: {
      ...replicaRules,
      execution: {
        ...execution,
        accept: (session, sequence) => {
          const answer = session.accept(sequence)
          return answer === 'duplicate' ? 'ok' : answer
        }
      }
    },
    verdicts: ['duplicated']
  },
  {
    name: 'M15 certifies a checkpoint with f+1',
    replaces: 'CheckpointRules.isQuorum',
    replica: {
      ...replicaRules,
      checkpoints: {
        ...checkpoints,
        isQuorum: (weight, { quorumWeight }) => weight >= Math.ceil(quorumWeight / 2)
      }
    },
    verdicts: ['accused']
  },
  {
    name: 'M16 drops payload that a restart refers to',
    replaces: 'RetentionRules.droppableBelow',
    replica: {
      ...replicaRules,
      retention: { ...retention, droppableBelow: ({ executed }) => executed }
    },
    verdicts: ['stalled', 'lost']
  },
  {
    name: 'M17 believes an old copy of its record',
    replaces: 'SigningRules.isRecordTrusted',
    bullshark: { ...bullsharkRules, isRecordTrusted: wasPresent => wasPresent },
    verdicts: ['double-signed']
  },
  {
    name: 'M18 drops a batch that an unordered vertex names',
    replaces: 'RetentionRules.isDroppable',
    replica: {
      ...replicaRules,
      retention: { ...retention, isDroppable: ({ index, namedBy }) => namedBy <= index }
    },
    verdicts: ['stalled', 'lost']
  },
  {
    name: 'M19 does not check signatures',
    replaces: 'DriverLaw.checkSignatures',
    law: { ...driversLaw, checkSignatures: false },
    verdicts: ['uncertified', 'asserted', 'diverged', 'double-signed', 'stalled']
  },
  {
    name: 'M20 does not check the pieces of a snapshot',
    replaces: 'SnapshotRules.isBucket',
    replica: { ...replicaRules, snapshots: { ...snapshots, isBucket: () => true } },
    verdicts: ['asserted', 'diverged']
  },
  {
    name: 'M21 votes for a second header of a slot',
    replaces: 'SigningRules.isEquivocation',
    bullshark: { ...bullsharkRules, isEquivocation: () => false },
    verdicts: ['double-signed', 'diverged', 'asserted']
  },
  {
    name: 'M22 answers a request that it has not applied',
    replaces: 'ExecutionRules.apply',
    replica: {
      ...replicaRules,
      execution: {
        ...execution,
        apply: (application, context, transaction) =>
          transaction.sequence % 20 === 7
            ? { code: 'ok' }
            : execution.apply(application, context, transaction)
      }
    },
    verdicts: ['lost']
  },
  {
    name: 'M23 commits fast on headers of f+1',
    replaces: 'BullsharkRules.fastCommitWeight',
    bullshark: { ...bullsharkRules, fastCommitWeight: committee => committee.validityWeight },
    verdicts: ['diverged']
  },
  {
    name: 'M24 does not check a stored batch against its digest',
    replaces: 'DriverLaw.checkStoredBatches',
    law: { ...driversLaw, checkStoredBatches: false },
    verdicts: ['lost', 'duplicated', 'diverged', 'invented', 'accused', 'asserted']
  },
  {
    name: 'M25 does not check rows that its disk gives back',
    replaces: 'DriverLaw.checkStoredRows',
    law: { ...driversLaw, checkStoredRows: false },
    verdicts: ['double-signed', 'asserted', 'diverged', 'accused']
  },
  {
    name: 'M26 seals a bucket as later commits have left it',
    replaces: 'ExecutionRules.keepsFormer',
    replica: { ...replicaRules, execution: { ...execution, keepsFormer: () => false } },
    verdicts: ['diverged', 'lost']
  }
]
