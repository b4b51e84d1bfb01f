import type { Behaviour, Liar } from '@novacron/simulator'
import { describe, expect, test } from 'vitest'
import type { SimulatedOutcome } from '../../../src/chaos/scenario.ts'
import { allLied } from '../../../src/chaos/simulated/byzantine.ts'
import type { Executed, Expectation } from '../../../src/chaos/simulated/committee.ts'
import { whileFlapping } from '../../../src/chaos/simulated/partition.ts'
import { underEach } from '../../../src/chaos/simulated/setting.ts'

function faultsOf(expectations: readonly Expectation[]): readonly string[] {
  return expectations.filter(([isSo]) => !isSo).map(([, otherwise]) => otherwise)
}

describe('liars', () => {
  const liars: readonly Liar[] = [
    { place: 3, behaviours: ['drop', 'equivocate'] },
    { place: 5, behaviours: ['drop'] }
  ]
  const lies = (...told: readonly (readonly [number, readonly Behaviour[]])[]) => ({
    lies: new Map(told.map(([place, ways]) => [place, new Map(ways.map(way => [way, 1]))]))
  })

  test('have all lied in all the ways that they are there for', () => {
    expect(faultsOf(allLied(lies([3, ['drop', 'equivocate']], [5, ['drop']]), liars))).toEqual([])
  })

  test.each([
    { told: lies([3, ['drop', 'equivocate']]), faults: ['these never did drop: 5'] },
    { told: lies([3, ['drop']], [5, ['drop']]), faults: ['these never did equivocate: 3'] },
    {
      told: lies([4, ['drop', 'equivocate']]),
      faults: ['these never did drop: 3 5', 'these never did equivocate: 3']
    }
  ])('are named where one has not: $faults', ({ told, faults }) => {
    expect(faultsOf(allLied(told, liars))).toEqual(faults)
  })
})

describe('a network that flaps at 1,000 ms and four times more, every 600 ms', () => {
  const at = (atMs: number, index: number, place = 0): Executed => {
    return { place, atMs, index, digest: 'd', leader: 0 }
  }
  const before = [at(500, 4), at(510, 4, 1)]
  const good = [...before, at(1_400, 5), at(1_650, 6), at(3_700, 7), at(3_700, 7, 1)]
  const of = (executed: readonly Executed[]) => faultsOf(whileFlapping({ executed }, 2))

  test('commits between and after, and while apart only what was under way', () => {
    expect(of(good)).toEqual([])
  })

  test.each([1_250, 1_850, 2_450, 3_050])('may commit in one gap alone: %i ms', atMs => {
    expect(of([...before, at(atMs, 6), at(3_700, 7), at(3_700, 7, 1)])).toEqual([])
  })

  test('may let one who lags come to what another has at any time', () => {
    expect(of([...good, at(1_150, 4, 1)])).toEqual([])
  })

  test.each([
    { fault: 'halves committed: 0 1 0 0 0', executed: [...good, at(1_690, 7)] },
    { fault: 'halves committed: 0 0 0 0 2', executed: [...good, at(3_599, 8)] },
    {
      fault: 'nothing was committed between the partitions',
      executed: [...before, at(3_700, 7), at(3_700, 7, 1)]
    },
    { fault: 'only 1 of 2 committed afterwards', executed: good.slice(0, -1) }
  ])('$fault', ({ fault, executed }) => {
    expect(of(executed)).toEqual([fault])
  })
})

test('a scenario passes when it does under both protocols', async () => {
  const outcome: SimulatedOutcome = {
    isPassed: true,
    acknowledged: 2,
    lost: 0,
    duplicated: 0,
    notes: []
  }
  const never = new AbortController().signal
  const good = await underEach(async ({ seed, protocol }) => {
    return { ...outcome, notes: [`${seed} ${protocol}`] }
  })(7, never)
  expect(good).toEqual({
    ...outcome,
    acknowledged: 4,
    notes: ['bullshark-turbo: 7 bullshark-turbo', 'bullshark: 7 bullshark']
  })
  const bad = await underEach(async ({ protocol }) => {
    const isPassed = protocol === 'bullshark'
    return { ...outcome, isPassed, lost: isPassed ? 0 : 1 }
  })(7, never)
  expect(bad).toMatchObject({ isPassed: false, lost: 1 })
})
