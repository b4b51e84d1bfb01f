import { accepted } from '@novacron/base'
import { type BullsharkMessage, type BullsharkRules, bullsharkRules } from '@novacron/consensus'
import { type ReplicaRules, replicaRules } from '@novacron/replica'
import { describe, expect, test } from 'vitest'
import {
  type Behaviour,
  bullsharkOrderer,
  quietScenario,
  type ReplicaTypes,
  type RunVerdict,
  replicaProtocol,
  type Scenario,
  type SimulatedMachine,
  type SimulatedProtocol,
  simulate,
  type WorldEffect
} from '../../src/index.ts'
import { sha256 } from '../hash.ts'

type Types = ReplicaTypes<BullsharkMessage>
type Replica = SimulatedMachine<Types>
type Protocol = SimulatedProtocol<Types>

function protocolOf(bullshark: Partial<BullsharkRules> = {}, rules: ReplicaRules = replicaRules) {
  return replicaProtocol(
    { orderer: bullsharkOrderer({ ...bullsharkRules, ...bullshark }), rules },
    sha256
  )
}

/** Replicas of which some are changed after they are made. */
function changing(change: (replica: Replica) => Partial<Replica>, places?: readonly number[]) {
  const protocol = protocolOf()
  return (): Protocol => ({
    ...protocol,
    make(seat) {
      const replica = protocol.make(seat)
      const isMeant = places === undefined || places.some(place => place === seat.self)
      return isMeant ? Object.assign(replica, change(replica)) : replica
    }
  })
}

const unchecked = () => ({ signaturesOf: () => [] })
const believing = () => ({ screen: () => accepted, signaturesOf: () => [] })

/** Never asks for what it lacks. */
function mute(replica: Replica): Partial<Replica> {
  const step = replica.step.bind(replica)
  const isRequest = (effect: WorldEffect<Types>) =>
    effect.type === 'send' && /^(pull|catch-up|pull-batches)$/.test(effect.message.message.type)
  return { step: (event, now) => step(event, now).filter(effect => !isRequest(effect)) }
}

const { snapshots } = replicaRules
const withoutCheck = (check: Partial<ReplicaRules['snapshots']>) => () =>
  protocolOf({}, { ...replicaRules, snapshots: { ...snapshots, ...check } })

/** An observer that comes with nothing, when the beginning of the log is pruned. */
const latecomer: Partial<Scenario> = {
  observers: 1,
  replica: { checkpointIntervalCommits: 5, retentionCommits: 1 },
  faults: [
    {
      type: 'crash',
      atMs: 700,
      places: [4],
      loss: 'lost',
      downMs: 300,
      staggerMs: 0,
      disk: { type: 'wiped' }
    }
  ]
}

interface Case {
  readonly name: string
  readonly behaviours: readonly Behaviour[]
  readonly protocol: () => Protocol
  /** Whichever is seen first. */
  readonly verdicts: readonly RunVerdict[]
  readonly scenario?: Partial<Scenario>
}

const anyHeader = () => protocolOf({ isEquivocation: () => false })
const halfQuorum = () => protocolOf({ quorumWeight: committee => committee.validityWeight })

const cases: readonly Case[] = [
  {
    name: 'votes for two headers of a slot',
    behaviours: ['equivocate'],
    protocol: anyHeader,
    verdicts: ['double-signed']
  },
  {
    name: 'takes f+1 for a quorum',
    behaviours: ['vote-for-all', 'equivocate'],
    protocol: halfQuorum,
    verdicts: ['uncertified', 'diverged'],
    // With many seeds the log stands still before any of it is ordered.
    scenario: { seed: 8 }
  },
  {
    name: 'takes f+1 for a quorum',
    behaviours: ['twins'],
    protocol: halfQuorum,
    verdicts: ['uncertified', 'diverged']
  },
  {
    name: 'never asks for what it lacks',
    behaviours: ['withhold'],
    protocol: changing(mute),
    verdicts: ['stalled']
  },
  {
    name: 'never asks for what it lacks',
    behaviours: ['withhold-certificates'],
    protocol: changing(mute),
    verdicts: ['stalled']
  },
  {
    name: 'never asks for what it lacks',
    behaviours: ['drop'],
    protocol: changing(mute),
    verdicts: ['stalled']
  },
  {
    name: 'checks no signatures at two places',
    behaviours: ['invalid-signatures'],
    protocol: changing(unchecked, [0, 1]),
    verdicts: ['accused']
  },
  {
    name: 'checks no signatures',
    behaviours: ['forge'],
    protocol: changing(unchecked),
    verdicts: ['stalled']
  },
  {
    name: 'believes what it is told',
    behaviours: ['wrong-epoch'],
    protocol: changing(believing),
    verdicts: ['accused']
  },
  {
    name: 'believes what it is told',
    behaviours: ['flood'],
    protocol: changing(believing),
    verdicts: ['accused']
  },
  {
    name: 'does not check the leaves of a snapshot',
    behaviours: ['lying-sync'],
    protocol: withoutCheck({ areLeaves: () => true }),
    verdicts: ['accused'],
    scenario: latecomer
  }
]

/** Payload goes apart from headers, as large batches do: where it comes with them, some broken rules show too seldom. */
function run({ protocol, scenario }: Case, behaviours: readonly Behaviour[]): RunVerdict {
  const byzantine = behaviours.length === 0 ? [] : [{ place: 3, behaviours }]
  const options = {
    ...quietScenario,
    chaosMs: 1_500,
    livenessMs: 6_000,
    ...scenario,
    byzantine,
    mempool: { besideHeaderBytesMax: 0 }
  }
  return simulate(options, { hash: sha256, protocol: protocol() }).verdict
}

describe.each(cases)('a replica that $name', each => {
  test('does well among honest ones', () => {
    expect(run(each, [])).toBe('pass')
  })

  test(`is noticed beside one that lies by ${each.behaviours.join(' and ')}`, () => {
    expect(each.verdicts).toContain(run(each, each.behaviours))
  })
})
