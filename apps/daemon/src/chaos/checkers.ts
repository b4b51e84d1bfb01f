import type { NodeStatus, StateRoots } from '@novacron/node'
import type { SequenceRange } from '../load/sequence-set.ts'

/** The agreed log as one node tells it, from some commit on. */
export interface NodeLog {
  readonly node: string
  /** Lowest commit that it still has; what came before it has only as a state. */
  readonly lowest: number
  /** By session, the commit that a sequence took effect in. */
  readonly applied: ReadonlyMap<string, readonly (number | undefined)[]>
  /** Transactions that took effect more than once. */
  readonly doubled: readonly string[]
  /** Commits above the lowest whose transactions it says that it no longer has. */
  readonly holes: readonly CommitRange[]
}

/** Both ends included. */
export interface CommitRange {
  readonly first: number
  readonly last: number
}

/**
 * What nodes no longer have of the commits from `firstIndex` on. Only a node whose disk was damaged may have lost what it once
 * had, whether in the middle or from the beginning; that is one node, and the others have everything.
 */
export function checkHoles(
  logs: readonly NodeLog[],
  firstIndex: number,
  isOneDamaged = false
): readonly string[] {
  const holed = logs.flatMap(({ node, lowest, holes }) => {
    const cut = lowest > firstIndex ? [{ first: firstIndex, last: lowest - 1 }] : []
    const all = [...cut, ...holes]
    return all.length === 0 ? [] : [{ node, holes: all }]
  })
  if (isOneDamaged && holed.length <= 1) return []
  return holed.flatMap(({ node, holes }) =>
    holes.map(({ first, last }) => `${node} no longer has commits ${first} to ${last}`)
  )
}

export interface LedgerFindings {
  readonly acknowledged: number
  /** Acknowledged, and missing on a node that must have it. */
  readonly lost: number
  readonly duplicated: number
  readonly reasons: readonly string[]
}

/** What was acknowledged took effect exactly once on every node, and in the same commit. */
export function checkLedger(
  ledger: ReadonlyMap<string, readonly SequenceRange[]>,
  logs: readonly NodeLog[]
): LedgerFindings {
  let acknowledged = 0
  let lost = 0
  const reasons: string[] = []
  for (const [session, ranges] of ledger) {
    for (const { first, last } of ranges) {
      for (let sequence = first; sequence <= last; sequence++) {
        acknowledged++
        const reason = reasonLost(session, sequence, logs)
        if (reason === undefined) continue
        lost++
        if (lost <= 3) reasons.push(reason)
      }
    }
  }
  const doubled = new Set(logs.flatMap(log => log.doubled))
  for (const name of [...doubled].slice(0, 3)) reasons.push(`${name} took effect twice`)
  if (acknowledged === 0) reasons.push('nothing was acknowledged')
  return { acknowledged, lost, duplicated: doubled.size, reasons }
}

function reasonLost(
  session: string,
  sequence: number,
  logs: readonly NodeLog[]
): string | undefined {
  const name = nameOf(session, sequence)
  const places = logs.map(log => log.applied.get(session)?.[sequence])
  const index = places.find(place => place !== undefined)
  if (index === undefined) return `${name} was acknowledged and is on no node`
  const missing = logs.find((log, i) => places[i] === undefined && mustHave(log, index))
  if (missing !== undefined) return `${name} is in commit ${index} and not on ${missing.node}`
  const other = places.findIndex(place => place !== undefined && place !== index)
  if (other === -1) return undefined
  return `${name} is in commit ${index} and in ${places[other]} on ${logs[other]?.node}`
}

function mustHave({ lowest, holes }: NodeLog, index: number): boolean {
  return lowest <= index && !holes.some(({ first, last }) => first <= index && index <= last)
}

/** A transaction as people read it. */
export function nameOf(session: string, sequence: number): string {
  return `transaction ${session.slice(0, 8)}/${sequence}`
}

/** State roots that nodes told of, by commit. */
export class RootsSeen {
  readonly #byIndex = new Map<number, Map<string, StateRoots>>()

  add(node: string, roots: StateRoots | undefined): void {
    if (roots === undefined) return
    const seen = this.#byIndex.get(roots.index) ?? new Map<string, StateRoots>()
    this.#byIndex.set(roots.index, seen.set(node, roots))
  }

  /** Commits at which several nodes were compared. */
  get compared(): number {
    return [...this.#byIndex.values()].filter(({ size }) => size > 1).length
  }

  /** True when all of these nodes told of one and the same commit. */
  hasAll(nodes: readonly string[]): boolean {
    return [...this.#byIndex.values()].some(seen => nodes.every(node => seen.has(node)))
  }

  reasons(): readonly string[] {
    return [...this.#byIndex].flatMap(([index, seen]) => {
      const [first, ...rest] = seen
      if (first === undefined) return []
      const [node, { stateRoot, sessionRoot }] = first
      const other = rest.find(
        ([, roots]) => roots.stateRoot !== stateRoot || roots.sessionRoot !== sessionRoot
      )
      return other === undefined
        ? []
        : [`the state after commit ${index} differs on ${node} and ${other[0]}`]
    })
  }
}

/** A node at the end is well: it answers, runs, and has nothing to complain of. */
export function checkStatus(node: string, status: NodeStatus | undefined): readonly string[] {
  if (status === undefined) return [`${node} does not answer`]
  const reasons = status.reasons.map(reason => `${node}: ${reason}`)
  if (status.state !== 'running') reasons.unshift(`${node} is ${status.state}`)
  return reasons
}

/** A proof of equivocation that a node wrote to its log. */
export interface EvidenceLine {
  readonly node: string
  readonly line: string
}

/** Nobody was accused, or nobody but those who are known to lie. */
export function checkEvidence(
  lines: readonly EvidenceLine[],
  isExpected: (line: string) => boolean = () => false
): readonly string[] {
  return lines
    .filter(({ line }) => !isExpected(line))
    .slice(0, 3)
    .map(({ node, line }) => `${node} found evidence against an honest member: ${line}`)
}
