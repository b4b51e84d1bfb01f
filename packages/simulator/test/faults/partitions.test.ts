import { Prng } from '@novacron/base'
import { expect, test } from 'vitest'
import { type Fault, type PartitionKind, partitionOf } from '../../src/index.ts'

const time = { atMs: 100, forMs: 1_000 }
const of = (kind: PartitionKind, replicas = 7) => partitionOf(kind, replicas, time, new Prng(1))
const sides = (faults: readonly Fault[]) =>
  faults.map(fault => (fault.type === 'partition' ? fault.side.length : 0))

test.each([
  ['partition-majority', [2]],
  ['minority-third', [2]],
  ['partition-half', [3]],
  ['isolate-one', [1]],
  ['asymmetric', [2]]
] as const)('%s', (kind, expected) => {
  const faults = of(kind)
  expect(sides(faults)).toEqual(expected)
  const [fault] = faults
  expect(fault?.type === 'partition' && fault.isOneWay).toBe(kind === 'asymmetric')
})

/** For each place, whom it still reaches. */
function reach(fault: Fault | undefined, replicas: number): Map<number, Set<number>> {
  const pairs = fault?.type === 'cut' ? fault.pairs : []
  const isCut = (a: number, b: number) =>
    pairs.some(([x, y]) => (x === a && y === b) || (x === b && y === a))
  const all = Array.from({ length: replicas }, (_, place) => place)
  return new Map(
    all.map(place => [place, new Set(all.filter(b => b !== place && !isCut(place, b)))])
  )
}

test('a bridge has one member that reaches all, the others reach their half and it', () => {
  const sizes = [...reach(of('bridge')[0], 7).values()].map(({ size }) => size).sort()
  expect(sizes).toEqual([3, 3, 3, 3, 3, 3, 6])
})

test('on a ring everybody has two neighbours', () => {
  expect([...reach(of('ring')[0], 7).values()].map(({ size }) => size)).toEqual(Array(7).fill(2))
})

test('sites of three reach themselves alone', () => {
  const sizes = [...reach(of('tier-cut')[0], 7).values()].map(({ size }) => size).sort()
  expect(sizes).toEqual([0, 2, 2, 2, 2, 2, 2])
})

test('leaders are cut off one after another, a flapping cut comes five times', () => {
  expect(sides(of('anchors'))).toEqual(Array(7).fill(1))
  const flaps = of('flapping')
  expect(sides(flaps)).toEqual([3, 3, 3, 3, 3])
  expect(flaps.map(({ atMs }) => atMs)).toEqual([100, 300, 500, 700, 900])
})
