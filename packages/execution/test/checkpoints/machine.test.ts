import { describe, expect, test } from 'vitest'
import {
  type Checkpoint,
  type CheckpointEffect,
  type CheckpointEvent,
  type CheckpointNeeds,
  type CheckpointOptions,
  Checkpoints,
  checkpointKey,
  checkpointRules,
  checkpointTimer,
  executionTables,
  restoreCheckpoints
} from '../../src/index.ts'
import { at, peer, replica } from '../fixtures.ts'
import { Table } from '../table.ts'
import {
  certificateOf,
  checkpointAt,
  committee,
  signAs,
  verified,
  voteMessage,
  voteOf
} from './committee.ts'

/** A machine of seat 0 with a store and a clock. */
class Seat {
  readonly table: Table
  readonly machine: Checkpoints
  now = 0

  constructor(
    options: Partial<CheckpointOptions> = {},
    needs: Partial<CheckpointNeeds> = {},
    table = new Table()
  ) {
    this.table = table
    this.machine = new Checkpoints(options, {
      committee,
      self: replica(0),
      sign: signAs(0),
      restored: restoreCheckpoints(table.rows()),
      ...needs
    })
  }

  step(event: CheckpointEvent): readonly CheckpointEffect[] {
    const effects = this.machine.step(event, at(this.now))
    for (const effect of effects) if (effect.type === 'persist') this.table.write(effect.writes)
    return effects
  }

  executed(checkpoint: Checkpoint): readonly CheckpointEffect[] {
    return this.step({ type: 'executed', checkpoint })
  }

  vote(seat: number, checkpoint: Checkpoint): readonly CheckpointEffect[] {
    const message = voteMessage(seat, checkpoint)
    return this.step({ type: 'received', from: peer(`peer-${seat}`), message })
  }

  timer(): readonly CheckpointEffect[] {
    return this.step({ type: 'timer-fired', timer: checkpointTimer })
  }
}

const typesOf = (effects: readonly CheckpointEffect[]) => effects.map(effect => effect.type)
const own = checkpointAt(500)

describe('the own vote', () => {
  test('is durable before it is sent', () => {
    const seat = new Seat()
    const effects = seat.executed(own)
    expect(typesOf(effects)).toEqual(['persist', 'broadcast', 'set-timer'])
    expect(effects[0]).toMatchObject({ durable: true })
    const vote = voteOf(0, own)
    expect(effects[1]).toMatchObject({ class: 'order', message: { type: 'checkpoint-vote', vote } })
    expect(seat.table.rows(executionTables.checkpointVote)).toHaveLength(1)
  })

  test('is sent again until there is a certificate, and not for ever', () => {
    const seat = new Seat({ resendsMax: 2 })
    expect(seat.executed(own).at(-1)).toMatchObject({ type: 'set-timer', at: 1_000 })
    seat.now = 1_000
    expect(typesOf(seat.timer())).toEqual(['broadcast', 'set-timer'])
    expect(typesOf(seat.timer())).toEqual(['broadcast', 'set-timer'])
    expect(typesOf(seat.timer())).toEqual([])
    seat.executed(checkpointAt(1_000))
    expect(typesOf(seat.timer())).toEqual(['broadcast', 'set-timer'])
    seat.vote(1, checkpointAt(1_000))
    seat.vote(2, checkpointAt(1_000))
    expect(typesOf(seat.timer())).toEqual([])
  })

  test('is the same after a restart, without signing again', () => {
    const seat = new Seat()
    seat.executed(own)
    const sign = () => {
      throw new Error('signed twice')
    }
    const again = new Seat({}, { sign }, seat.table)
    const effects = again.executed(own)
    expect(typesOf(effects)).toEqual(['broadcast', 'set-timer'])
    expect(effects[0]).toMatchObject({ message: { vote: voteOf(0, own) } })
  })

  test('is never a second one for an index: another state after a restart stops the signing', () => {
    const seat = new Seat()
    seat.executed(own)
    const again = new Seat({}, {}, seat.table)
    const other = checkpointAt(500, 2)
    const effects = again.executed(other)
    expect(typesOf(effects)).toEqual(['note', 'diverged'])
    expect(effects[1]).toMatchObject({ index: 500, cause: 'own-vote', own: other, other: own })
    expect(again.machine.hasDiverged).toBe(true)
    expect(again.executed(checkpointAt(1_000))).toEqual([])
  })

  test('is not given by an observer, who collects all the same', () => {
    const seat = new Seat({}, { self: undefined })
    expect(seat.executed(own)).toEqual([])
    for (const voter of [1, 2]) expect(typesOf(seat.vote(voter, own))).toEqual([])
    expect(typesOf(seat.vote(3, own))).toEqual(['persist', 'certified'])
  })

  test('is kept for the newest checkpoints alone', () => {
    const seat = new Seat({ openVotesMax: 2 })
    for (const index of [500, 1_000, 1_500]) seat.executed(checkpointAt(index))
    const sent = seat.timer().filter(effect => effect.type === 'broadcast')
    expect(sent).toMatchObject([
      { message: { vote: { checkpoint: { index: 1_000 } } } },
      { message: { vote: { checkpoint: { index: 1_500 } } } }
    ])
    expect(seat.machine.openVotes).toBe(2)
  })
})

describe('a certificate', () => {
  test('is made at the weight of a quorum, stored, and said once', () => {
    const seat = new Seat()
    seat.executed(own)
    expect(seat.vote(1, own)).toEqual([])
    expect(seat.vote(1, own)).toEqual([])
    const effects = seat.vote(3, own)
    expect(typesOf(effects)).toEqual(['persist', 'certified'])
    expect(effects[0]).toMatchObject({ durable: true })
    expect(effects[1]).toMatchObject({ certificate: certificateOf(own, 0, 1, 3) })
    expect(seat.machine.certified).toEqual(certificateOf(own, 0, 1, 3))
    expect(seat.machine.openVotes).toBe(0)
    expect(seat.table.rows(executionTables.checkpointVote)).toEqual([])
    expect(restoreCheckpoints(seat.table.rows()).certificates).toEqual([seat.machine.certified])
  })

  test('may come from votes that were here before the own state', () => {
    const seat = new Seat()
    seat.vote(1, own)
    seat.vote(2, own)
    expect(typesOf(seat.executed(own))).toEqual([
      'persist',
      'broadcast',
      'set-timer',
      'persist',
      'certified'
    ])
  })

  test('votes for different states are not added up', () => {
    const seat = new Seat()
    seat.executed(own)
    seat.vote(1, own)
    expect(seat.vote(2, checkpointAt(500, 2))).toEqual([])
    expect(typesOf(seat.vote(3, own))).toEqual(['persist', 'certified'])
  })

  test('a member that votes twice for an index counts once', () => {
    const seat = new Seat()
    seat.executed(own)
    seat.vote(1, checkpointAt(500, 2))
    expect(typesOf(seat.vote(1, own))).toEqual(['count', 'note'])
    expect(typesOf(seat.vote(1, checkpointAt(500, 3)))).toEqual(['count', 'note'])
    expect(seat.machine.certified).toBeUndefined()
  })

  test('a vote of a stranger counts nothing', () => {
    const seat = new Seat()
    expect(seat.vote(4, own)).toMatchObject([{ type: 'count', name: 'checkpoint_vote_unknown' }])
    expect(seat.machine.openVotes).toBe(0)
  })

  test('that comes whole is taken; an older one is ignored', () => {
    const seat = new Seat()
    const certificate = verified(certificateOf(checkpointAt(1_000), 1, 2, 3))
    expect(typesOf(seat.step({ type: 'certificate-seen', certificate }))).toEqual([
      'persist',
      'certified'
    ])
    expect(seat.step({ type: 'certificate-seen', certificate })).toEqual([])
    const older = verified({
      type: 'checkpoint-certificate',
      certificate: certificateOf(own, 1, 2, 3)
    } as const)
    expect(seat.step({ type: 'received', from: peer('a'), message: older })).toEqual([])
    expect(seat.executed(own)).toEqual([])
  })

  test('answers whoever still votes, not too often', () => {
    const seat = new Seat({ resendDelayMs: 100 })
    expect(seat.vote(2, checkpointAt(0))).toEqual([])
    seat.step({ type: 'certificate-seen', certificate: verified(certificateOf(own, 1, 2, 3)) })
    const certificate = certificateOf(own, 1, 2, 3)
    const answer = {
      type: 'send',
      to: 'peer-2',
      class: 'sync',
      message: { type: 'checkpoint-certificate', certificate }
    }
    expect(seat.vote(2, own)).toEqual([answer])
    seat.now = 99
    expect(seat.vote(2, own)).toEqual([])
    expect(seat.vote(3, own)).toHaveLength(1)
    seat.now = 100
    expect(seat.vote(2, own)).toEqual([answer])
  })

  test('remembers a bounded number of those it answered', () => {
    const seat = new Seat()
    seat.step({ type: 'certificate-seen', certificate: verified(certificateOf(own, 1, 2, 3)) })
    const message = voteMessage(1, own)
    for (let i = 0; i < 2_048; i++) seat.step({ type: 'received', from: peer(`p${i}`), message })
    expect(seat.step({ type: 'received', from: peer('p0'), message })).toEqual([])
    seat.step({ type: 'received', from: peer('one more'), message })
    expect(seat.step({ type: 'received', from: peer('p0'), message })).toHaveLength(1)
  })

  test('the store keeps the newest', () => {
    const seat = new Seat({ certificatesMax: 2 })
    for (const index of [500, 1_000, 1_500]) {
      const certificate = verified(certificateOf(checkpointAt(index), 1, 2, 3))
      seat.step({ type: 'certificate-seen', certificate })
    }
    const keys = seat.table.rows(executionTables.checkpoint).map(row => row.key)
    expect(keys).toEqual([checkpointKey(1_000), checkpointKey(1_500)])
    const restored = new Seat({ certificatesMax: 2 }, {}, seat.table)
    expect(restored.machine.certified?.checkpoint.index).toBe(1_500)
  })
})

describe('another state than the quorum', () => {
  const theirs = checkpointAt(500, 2)

  test('is noticed when their certificate is made, and nothing is signed any more', () => {
    const seat = new Seat()
    seat.executed(own)
    for (const voter of [1, 2]) seat.vote(voter, theirs)
    const effects = seat.vote(3, theirs)
    expect(typesOf(effects)).toEqual(['persist', 'certified', 'note', 'diverged'])
    expect(effects.at(-1)).toEqual({
      type: 'diverged',
      index: 500,
      cause: 'quorum',
      own,
      other: theirs
    })
    expect(seat.timer()).toEqual([])
    expect(seat.executed(checkpointAt(1_000))).toEqual([])
  })

  test('is noticed when the own state comes later, once', () => {
    const seat = new Seat()
    const certificate = verified(certificateOf(theirs, 1, 2, 3))
    seat.step({ type: 'certificate-seen', certificate })
    expect(typesOf(seat.executed(own))).toEqual(['note', 'diverged'])
    expect(seat.executed(own)).toEqual([])
  })

  test('is noticed after a restart too', () => {
    const seat = new Seat()
    seat.step({ type: 'certificate-seen', certificate: verified(certificateOf(theirs, 1, 2, 3)) })
    const again = new Seat({}, {}, seat.table)
    expect(typesOf(again.executed(own))).toEqual(['note', 'diverged'])
  })
})

describe('broken rules are noticed by these tests', () => {
  test('a validity threshold in place of a quorum certifies too early', () => {
    const rules = { ...checkpointRules, isQuorum: (weight: number) => weight >= 2 }
    const seat = new Seat({}, { rules })
    seat.executed(own)
    expect(typesOf(seat.vote(1, own))).toContain('certified')
  })

  test('a comparison that agrees with everything never diverges', () => {
    const seat = new Seat({}, { rules: { ...checkpointRules, agrees: () => true } })
    seat.executed(own)
    for (const voter of [1, 2, 3]) seat.vote(voter, checkpointAt(500, 2))
    expect(seat.machine.hasDiverged).toBe(false)
  })
})
