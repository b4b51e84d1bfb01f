import type { RunVerdict } from '@novacron/simulator'
import { describe, expect, test } from 'vitest'
import { catalogue } from '../../src/chaos/catalogue.ts'
import type { ChaosSummary } from '../../src/chaos/chaos.ts'
import {
  type CommitteeRun,
  divided,
  type Executed,
  liarsAmong,
  outcomeOf,
  runCommittee
} from '../../src/chaos/simulated/committee.ts'
import { epochExpectations } from '../../src/chaos/simulated/epoch.ts'
import { run } from '../../src/run.ts'
import { captureIo } from '../capture-io.ts'

const numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 20, 21, 23]

test('each that needs liars or many members has its number', () => {
  const names = catalogue.filter(({ kind }) => kind === 'simulated').map(({ name }) => name)
  expect(names.map(name => Number(/^dwcp-(\d\d)-/.exec(name)?.[1]))).toEqual(numbers)
})

// The others are as these are, with more members.
test.each([
  'dwcp-07-removal',
  'dwcp-09-partition-majority',
  'dwcp-10-partition-flapping',
  'dwcp-12-partition-byzantine',
  'dwcp-13-crash-tenth',
  'dwcp-14-leader-crash',
  'dwcp-20-clock-skew',
  'dwcp-21-split-brain',
  'dwcp-23-epoch-end-in-partition'
])('%s passes', async name => {
  const io = captureIo()
  const status = await run(['chaos', '--scenario', name, '--json'], io)
  expect(status, io.stderr.text).toBe(0)
  const { scenarios } = JSON.parse(io.stdout.text) as ChaosSummary
  expect(scenarios).toMatchObject([{ name, verdict: 'passed', lost: 0, duplicated: 0 }])
  expect(scenarios[0]?.acknowledged).toBeGreaterThan(10)
})

test('votes of liars for each other make no fork, and all ten are found out', async () => {
  const io = captureIo()
  const argv = ['chaos', '--scenario', 'dwcp-05-coordinated-votes', '--seed', '2', '--json']
  expect(await run(argv, io), io.stderr.text).toBe(0)
  const { scenarios } = JSON.parse(io.stdout.text) as ChaosSummary
  const told = scenarios[0]?.notes.filter(note => /: lies: .*\d+ x vote-for-all/.test(note)) ?? []
  expect(told.map(note => note.split(':')[0])).toEqual(['bullshark-turbo', 'bullshark'])
})

describe('the line of a result', () => {
  test('tells what a checker found, and what was not as expected', async () => {
    const faults = divided(
      [
        [0, 1],
        [2, 3]
      ],
      200,
      300
    )
    const stalled = await runCommittee(
      4,
      { seed: 1, protocol: 'bullshark' },
      { chaosMs: 200, livenessSteps: 50, faults }
    )
    const outcome = outcomeOf(stalled, [
      [true, 'not told'],
      [false, 'told']
    ])
    expect(outcome.isPassed).toBe(false)
    expect(outcome.notes[0]).toMatch(/^stalled after \d+ ms: /)
    expect(outcome.notes).toContain('told')
    expect(outcome.notes).not.toContain('not told')
  })

  test('is no pass when nobody was served', async () => {
    const load = { clients: 0, intervalMs: 60, outstandingMax: 16, retryMs: 1_500 }
    const idle = outcomeOf(
      await runCommittee(4, { seed: 1, protocol: 'bullshark' }, { chaosMs: 100, load }),
      []
    )
    expect(idle).toMatchObject({ isPassed: false, acknowledged: 0 })
    expect(idle.notes[0]).toBe('nothing was acknowledged')
  })

  test('counts what was lost or came twice', async () => {
    const run = await runCommittee(4, { seed: 1, protocol: 'bullshark' }, { chaosMs: 100 })
    const [lost, duplicated] = (['lost', 'duplicated'] as const).map(verdict =>
      outcomeOf({ ...run, report: { ...run.report, verdict } }, [])
    )
    expect(lost).toMatchObject({ lost: 1, duplicated: 0 })
    expect(duplicated).toMatchObject({ lost: 0, duplicated: 1 })
  })
})

test('accusations are those of honest members', async () => {
  const byzantine = liarsAmong(4, 1, 3, ['equivocate'])
  const { accused, report } = await runCommittee(
    4,
    { seed: 3, protocol: 'bullshark' },
    { byzantine, chaosMs: 500 }
  )
  expect(report.verdict).toBe('pass')
  expect([...accused]).toEqual(byzantine.map(({ place }) => place))
})

describe('an epoch that ends while some are cut off', () => {
  const going = [0, 1]
  const away = [2]
  /** Everybody stops at commit 7: those who go on at once, who was away after healing. */
  const at = (place: number, atMs: number, index = 7, digest = 'd') => {
    return { place, atMs, index, digest, leader: 0 }
  }
  const good = [at(0, 2_000), at(1, 2_100), at(2, 4_000)]
  const faultsOf = (executed: readonly Executed[], verdict: RunVerdict = 'stalled') => {
    const run = { executed, accused: new Set<number>(), report: { verdict } }
    const found = epochExpectations(run as unknown as CommitteeRun, { going, away }, 7)
    return found.filter(([isSo]) => !isSo).map(([, otherwise]) => otherwise)
  }

  test('has one last commit for all', () => {
    expect(faultsOf(good)).toEqual([])
  })

  test.each<{ fault: string; executed: readonly Executed[]; verdict?: RunVerdict }>([
    { fault: 'the epoch did not end', executed: good, verdict: 'pass' },
    {
      fault: 'the quorum did not come to the end alone',
      executed: [at(0, 2_000), at(1, 3_501), at(2, 4_000)]
    },
    {
      fault: 'a member that was cut off committed',
      executed: [at(2, 1_600, 6), ...good]
    },
    { fault: 'a member never came to the end', executed: [at(0, 2_000), at(1, 2_100)] },
    {
      fault: '1 commits after the last of the epoch',
      executed: [...good, ...[0, 1, 2].map(place => at(place, 4_100, 8)).slice(0, 1)]
    },
    { fault: 'the epoch has 2 ends', executed: [at(0, 2_000), at(1, 2_100), at(2, 4_000, 7, 'e')] }
  ])('$fault', ({ fault, executed, verdict }) => {
    expect(faultsOf(executed, verdict)).toContain(fault)
  })
})
