import type { CommitIndex, Digest, Epoch, Millis, ReplicaId, Round } from '@novacron/base'
import { type CommittedSubDag, genesisCommitDigest } from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import { AgreementChecker } from '../../src/checkers/agreement.ts'
import { DoubleSigningChecker } from '../../src/checkers/double-signing.ts'
import { ExactlyOnceChecker } from '../../src/checkers/exactly-once.ts'
import type { Violation } from '../../src/checkers/violation.ts'

const digestOf = (n: number) => n.toString(16).padStart(64, '0') as Digest

function commit(index: number, change: Partial<CommittedSubDag> = {}): CommittedSubDag {
  const anchor = {
    round: (2 * index) as Round,
    author: 0 as ReplicaId,
    digest: digestOf(1_000 + index)
  }
  return {
    epoch: 0 as Epoch,
    index: index as CommitIndex,
    anchor,
    timestamp: 1 as Millis,
    previous: index === 1 ? genesisCommitDigest : digestOf(index - 1),
    vertices: [{ ...anchor, payload: [] }],
    scores: [],
    digest: digestOf(index),
    ...change
  }
}

function watch() {
  const found: Violation[] = []
  return { found, report: (violation: Violation) => found.push(violation) }
}

describe('agreement', () => {
  test('logs that are prefixes of one pass, restarts and snapshots included', () => {
    const { found, report } = watch()
    const checker = new AgreementChecker(3, report)
    expect(checker.executed(0, commit(1))).toBe(true)
    checker.hasState(0, 1, 'seven')
    expect(checker.executed(0, commit(2))).toBe(true)
    expect(checker.executed(1, commit(1))).toBe(false)
    checker.hasState(1, 1, 'seven')
    checker.started(0)
    expect(checker.indexOf(0)).toBe(0)
    checker.executed(0, commit(2))
    checker.executed(2, commit(2))
    for (const place of [0, 2]) checker.hasState(place, 2, 'eight')
    expect(found).toEqual([])
    expect(checker.head).toBe(2)
    expect([0, 1, 2].map(place => checker.indexOf(place))).toEqual([2, 1, 2])
  })

  test.each([
    {
      name: 'another commit at an index',
      verdict: 'diverged',
      run: (c: AgreementChecker) => c.executed(1, commit(1, { digest: digestOf(99) }))
    },
    {
      name: 'another state at an index',
      verdict: 'diverged',
      run: (c: AgreementChecker) => c.hasState(1, 1, 'eight')
    },
    {
      name: 'a commit that does not follow',
      verdict: 'diverged',
      run: (c: AgreementChecker) => c.executed(0, commit(2, { previous: digestOf(5) }))
    },
    {
      name: 'a gap',
      verdict: 'diverged',
      run: (c: AgreementChecker) => c.executed(0, commit(3))
    },
    {
      name: 'a commit run twice in one life',
      verdict: 'duplicated',
      run: (c: AgreementChecker) => c.executed(0, commit(1))
    },
    {
      name: 'a vertex ordered twice',
      verdict: 'duplicated',
      run: (c: AgreementChecker) =>
        c.executed(0, commit(2, { vertices: [...commit(1).vertices, ...commit(2).vertices] }))
    },
    {
      name: 'vertices out of order',
      verdict: 'duplicated',
      run: (c: AgreementChecker) => {
        const [anchor] = commit(2).vertices
        const vertices = [
          { ...anchor!, author: 2 as ReplicaId },
          { ...anchor!, author: 1 as ReplicaId }
        ]
        c.executed(0, commit(2, { vertices }))
      }
    },
    {
      name: 'a commit that does not end in its anchor',
      verdict: 'diverged',
      run: (c: AgreementChecker) => c.executed(0, commit(2, { vertices: [] }))
    }
  ])('$name is found', ({ run, verdict }) => {
    const { found, report } = watch()
    const checker = new AgreementChecker(2, report)
    checker.executed(0, commit(1))
    checker.hasState(0, 1, 'seven')
    expect(found).toEqual([])
    run(checker)
    expect(found.map(violation => violation.verdict)).toEqual([verdict])
  })
})

describe('exactly once', () => {
  const receipt = (sequence: number, isApplied = true) => ({ client: 1, sequence, isApplied })

  test('what is submitted, applied once and acknowledged passes, copies included', () => {
    const { found, report } = watch()
    const checker = new ExactlyOnceChecker(report)
    checker.submitted(1, 1)
    checker.appended(1, [receipt(1), receipt(1, false)])
    checker.repeated(2, 1, [receipt(1), receipt(1, false)])
    checker.acknowledged(1, 1, 1)
    checker.finish(1)
    expect(found).toEqual([])
    expect(checker.lastAcknowledgedIndex).toBe(1)
    expect([checker.submittedCount, checker.appliedCount, checker.acknowledgedCount]).toEqual([
      1, 1, 1
    ])
  })

  test.each([
    { verdict: 'invented', run: (c: ExactlyOnceChecker) => c.appended(2, [receipt(9)]) },
    { verdict: 'duplicated', run: (c: ExactlyOnceChecker) => c.appended(2, [receipt(1)]) },
    { verdict: 'duplicated', run: (c: ExactlyOnceChecker) => c.repeated(0, 2, [receipt(1)]) },
    { verdict: 'lost', run: (c: ExactlyOnceChecker) => c.repeated(0, 1, []) },
    {
      verdict: 'lost',
      run: (c: ExactlyOnceChecker) => {
        c.acknowledged(1, 2, 1)
        c.finish(1)
      }
    },
    {
      verdict: 'lost',
      run: (c: ExactlyOnceChecker) => {
        c.acknowledged(1, 1, 1)
        c.finish(0)
      }
    }
  ])('finds what is $verdict', ({ run, verdict }) => {
    const { found, report } = watch()
    const checker = new ExactlyOnceChecker(report)
    checker.submitted(1, 1)
    checker.appended(1, [receipt(1)])
    run(checker)
    expect(found[0]?.verdict).toBe(verdict)
  })
})

test('double signing is two contents of one signer for one slot', () => {
  const { found, report } = watch()
  const checker = new DoubleSigningChecker(report)
  const signed = { signer: 1 as ReplicaId, slot: 'header/3', content: digestOf(1) }
  checker.sent([signed, signed, { ...signed, slot: 'header/4', content: digestOf(2) }])
  checker.sent([{ ...signed, signer: 2 as ReplicaId, content: digestOf(2) }])
  expect(found).toEqual([])
  checker.sent([{ ...signed, content: digestOf(2) }])
  expect(found.map(({ verdict }) => verdict)).toEqual(['double-signed'])
})

test('who may have lost its record is bound by what enough others have', () => {
  const { found, report } = watch()
  const checker = new DoubleSigningChecker(report)
  const first = { signer: 1 as ReplicaId, slot: 'header/3', content: digestOf(1) }
  const second = { ...first, content: digestOf(2) }
  // Only one place has the first: nobody that is asked may know of it.
  checker.arrived(0, [first], 2)
  checker.arrived(0, [first], 2)
  expect(checker.hasSignedTwice(1)).toBe(false)
  checker.arrived(2, [second], 2)
  expect(found).toEqual([])
  // All the same it has, and whoever has both may say so.
  expect([checker.hasSignedTwice(1), checker.hasSignedTwice(2)]).toEqual([true, false])
  checker.arrived(3, [second], 2)
  checker.arrived(2, [second], 2)
  expect(found).toEqual([])
  checker.arrived(3, [first], 2)
  expect(found.map(({ verdict }) => verdict)).toEqual(['double-signed'])
})
