import { expect, test } from 'vitest'
import {
  checkHostile,
  type HonestReport,
  type HostileBounds,
  type HostilePromise,
  type HostileReport
} from '../../src/chaos/hostile-report.ts'

const mib = 1024 * 1024

const bounds: HostileBounds = {
  medianMsMax: 1_000,
  commitsPerSecondMin: 2,
  spreadMax: 5,
  peakBytesMax: 400 * mib,
  refusedBytesPerSecondMax: 100
}

const promise: HostilePromise = { misdeeds: ['equivocate'], isProvable: true, isRefused: true }

function honest(node: string, change: Partial<HonestReport> = {}): HonestReport {
  return {
    node,
    commits: 10,
    committedIndex: 40,
    rejected: 11,
    proofs: 1,
    refused: ['liar'],
    peakBytes: 400 * mib,
    bytesFromLiar: 500,
    ...change
  }
}

function report(
  change: Partial<HonestReport> = {},
  whole: Partial<HostileReport> = {}
): HostileReport {
  const told = { equivocate: 3 }
  const all = [honest('a'), honest('b', change)]
  return { liar: 'liar', told, p50Ms: 1_000, seconds: 5, honest: all, ...whole }
}

test('what is within all bounds is as promised', () => {
  expect(checkHostile(promise, bounds, report())).toEqual([])
  expect(checkHostile(promise, bounds, report({ committedIndex: 45 }))).toEqual([])
})

test.each<{ fault: string; change?: Partial<HonestReport>; whole?: Partial<HostileReport> }>([
  {
    whole: { p50Ms: Number.POSITIVE_INFINITY },
    fault: 'half of the transactions took more than 1000 ms'
  },
  { whole: { told: {} }, fault: 'the hostile peer did not do equivocate' },
  { change: { proofs: 0 }, fault: 'b holds no proof that the hostile peer lies' },
  { change: { rejected: 0 }, fault: 'b took what the hostile peer sent for good' },
  { change: { refused: [] }, fault: 'b never refused the hostile peer' },
  { change: { refused: ['liar', 'a'] }, fault: 'b refused honest members: a' },
  { change: { bytesFromLiar: 501 }, fault: 'b took 501 bytes of the hostile peer that it refuses' },
  { change: { commits: 9 }, fault: 'b made 9 commits in 5.0 s among liars' },
  { change: { peakBytes: 401 * mib }, fault: 'the memory of b rose to 401 MiB' },
  { change: { peakBytes: undefined }, fault: 'b did not tell of its memory' },
  { change: { committedIndex: 46 }, fault: 'an honest member is 6 commits behind another' },
  { change: { committedIndex: 34 }, fault: 'an honest member is 6 commits behind another' }
])('$fault', ({ change, whole, fault }) => {
  expect(checkHostile(promise, bounds, report(change, whole))).toEqual([fault])
})

test('a lie that breaks no rule of the wire need not be proved, and its teller not refused', () => {
  const withheld = { misdeeds: ['equivocate'] }
  const silent = report({ proofs: 0, rejected: 0, refused: [], bytesFromLiar: mib })
  expect(checkHostile(withheld, bounds, silent)).toEqual([])
  const wrong = report({ refused: ['a'] })
  expect(checkHostile(withheld, bounds, wrong)).toEqual(['b refused honest members: a'])
})
