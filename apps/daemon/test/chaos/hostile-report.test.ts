import { expect, test } from 'vitest'
import {
  checkHostile,
  type HonestReport,
  type HostilePromise,
  type HostileReport,
  hostileBounds
} from '../../src/chaos/hostile-report.ts'

const mib = 1024 * 1024

const { medianMsMax, commitsPerSecondMin, spreadMax, peakBytesMax, refusedBytesPerSecondMax } =
  hostileBounds
const seconds = 5
const commits = commitsPerSecondMin * seconds
const committedIndex = 1_000
const peakMib = peakBytesMax / mib
const bytesFromLiar = refusedBytesPerSecondMax * seconds

const promise: HostilePromise = { misdeeds: ['equivocate'], isProvable: true, isRefused: true }

function honest(node: string, change: Partial<HonestReport> = {}): HonestReport {
  return {
    node,
    commits,
    committedIndex,
    rejected: 11,
    proofs: 1,
    refused: ['liar'],
    peakBytes: peakBytesMax,
    bytesFromLiar,
    ...change
  }
}

function report(
  change: Partial<HonestReport> = {},
  whole: Partial<HostileReport> = {}
): HostileReport {
  const told = { equivocate: 3 }
  const all = [honest('a'), honest('b', change)]
  return { liar: 'liar', told, p50Ms: medianMsMax, seconds, honest: all, ...whole }
}

test('what is within all bounds is as promised', () => {
  expect(checkHostile(promise, report())).toEqual([])
  expect(checkHostile(promise, report({ committedIndex: committedIndex + spreadMax }))).toEqual([])
})

test.each<{ fault: string; change?: Partial<HonestReport>; whole?: Partial<HostileReport> }>([
  {
    whole: { p50Ms: medianMsMax + 1 },
    fault: `half of the transactions took more than ${medianMsMax} ms`
  },
  { whole: { told: {} }, fault: 'the hostile peer did not do equivocate' },
  { change: { proofs: 0 }, fault: 'b holds no proof that the hostile peer lies' },
  { change: { rejected: 0 }, fault: 'b took what the hostile peer sent for good' },
  { change: { refused: [] }, fault: 'b never refused the hostile peer' },
  { change: { refused: ['liar', 'a'] }, fault: 'b refused honest members: a' },
  {
    change: { bytesFromLiar: bytesFromLiar + 1 },
    fault: `b took ${bytesFromLiar + 1} bytes of the hostile peer that it refuses`
  },
  {
    change: { commits: commits - 1 },
    fault: `b made ${commits - 1} commits in 5.0 s among liars`
  },
  {
    change: { peakBytes: peakBytesMax + mib },
    fault: `the memory of b rose to ${peakMib + 1} MiB`
  },
  { change: { peakBytes: undefined }, fault: 'b did not tell of its memory' },
  {
    change: { committedIndex: committedIndex + spreadMax + 1 },
    fault: `an honest member is ${spreadMax + 1} commits behind another`
  },
  {
    change: { committedIndex: committedIndex - spreadMax - 1 },
    fault: `an honest member is ${spreadMax + 1} commits behind another`
  }
])('$fault', ({ change, whole, fault }) => {
  expect(checkHostile(promise, report(change, whole))).toEqual([fault])
})

test('a lie that breaks no rule of the wire need not be proved, and its teller not refused', () => {
  const withheld = { misdeeds: ['equivocate'] }
  const silent = report({ proofs: 0, rejected: 0, refused: [], bytesFromLiar: mib })
  expect(checkHostile(withheld, silent)).toEqual([])
  const wrong = report({ refused: ['a'] })
  expect(checkHostile(withheld, wrong)).toEqual(['b refused honest members: a'])
})
