import { faultyWeight, type Prng } from '@novacron/base'
import type { Fault } from './fault.ts'

/** Ways to divide a network, by the names that the chaos command has for them as well. */
export const partitionKinds = {
  'partition-majority': 'a quorum on one side, the others on the other',
  'partition-half': 'two halves, neither of which is a quorum',
  'minority-third': 'fewer than a third are cut off',
  'isolate-one': 'one is cut off from all',
  bridge: 'two halves that only one member reaches both of',
  ring: 'everyone reaches its two neighbours alone',
  anchors: 'one after another is cut off for a moment, so that leaders are missed',
  'tier-cut': 'sites of three cannot reach one another',
  asymmetric: 'what some send is lost, what is sent to them arrives',
  flapping: 'the cut comes and goes, five times'
} as const

export type PartitionKind = keyof typeof partitionKinds

export interface PartitionTime {
  readonly atMs: number
  readonly forMs: number
}

/** The faults that make up one partition of `replicas` members. */
export function partitionOf(
  kind: PartitionKind,
  replicas: number,
  { atMs, forMs }: PartitionTime,
  prng: Prng
): Fault[] {
  const all = prng.shuffle(Array.from({ length: replicas }, (_, place) => place))
  const faulty = faultyWeight(replicas)
  const half = Math.floor(replicas / 2)
  const split = (side: readonly number[], isOneWay = false): Fault[] =>
    side.length === 0 ? [] : [{ type: 'partition', atMs, forMs, side, isOneWay }]
  switch (kind) {
    case 'partition-majority':
    case 'minority-third':
      return split(all.slice(0, Math.max(1, faulty)))
    case 'partition-half':
      return split(all.slice(0, half))
    case 'isolate-one':
      return split(all.slice(0, 1))
    case 'asymmetric':
      return split(all.slice(0, Math.max(1, faulty)), true)
    case 'bridge': {
      const [, ...others] = all
      const left = others.slice(0, Math.floor(others.length / 2))
      return [{ type: 'cut', atMs, forMs, pairs: across(left, others.slice(left.length)) }]
    }
    case 'ring':
      return [{ type: 'cut', atMs, forMs, pairs: apartOnRing(all) }]
    case 'tier-cut': {
      const sites = all.map((place, at) => [place, Math.floor(at / 3)] as const)
      const pairs = sites.flatMap(([a, site]) =>
        sites.filter(([b, other]) => a < b && site !== other).map(([b]) => [a, b] as const)
      )
      return [{ type: 'cut', atMs, forMs, pairs }]
    }
    case 'anchors': {
      const turnMs = Math.max(1, Math.floor(forMs / replicas))
      return all.map((place, turn) => ({
        type: 'partition',
        atMs: atMs + turn * turnMs,
        forMs: turnMs,
        side: [place],
        isOneWay: false
      }))
    }
    case 'flapping': {
      const turnMs = Math.max(1, Math.floor(forMs / 10))
      return Array.from({ length: 5 }, (_, turn) => ({
        type: 'partition' as const,
        atMs: atMs + 2 * turn * turnMs,
        forMs: turnMs,
        side: all.slice(0, half),
        isOneWay: false
      }))
    }
  }
}

function across(left: readonly number[], right: readonly number[]): (readonly [number, number])[] {
  return left.flatMap(a => right.map(b => [a, b] as const))
}

function apartOnRing(ring: readonly number[]): (readonly [number, number])[] {
  const { length } = ring
  return ring.flatMap((a, at) =>
    ring
      .map((b, other) => ({ b, gap: (other - at + length) % length }))
      .filter(({ gap }) => gap > 1 && gap < length - 1)
      .filter(({ b }) => a < b)
      .map(({ b }) => [a, b] as const)
  )
}
