import { faultyWeight } from '@novacron/base'
import type { FaultSpecification } from './fault-specification.ts'
import { isDamageName } from './faults/named.ts'

/** Members that a plan of faults is made for. */
export interface CommitteePlan {
  readonly replicas: number
  /** Members that lie besides. */
  readonly liars: number
}

/** Why faults that were named cannot be in a run. */
export type FaultsRefused =
  /** There is nothing between so few that the fault could strike. */
  | { readonly code: 'too-few-members'; readonly name: string; readonly replicasMin: number }
  /** More members would be faulty than may be, and every promise would be void. */
  | {
      readonly code: 'too-many-faulty'
      readonly faultyMax: number
      /** What each makes one member faulty, liars aside: those of one list strike the same one. */
      readonly causes: readonly (readonly string[])[]
      readonly replicasMin: number
    }

/** Below that, these strike nobody. */
const replicasMin: ReadonlyMap<string, number> = new Map([
  // One alone that stops is a power loss.
  ['crash', 2],
  ['link-flap', 2],
  ['half-open', 2],
  ['partition-half', 2],
  ['flapping', 2],
  ['bridge', 3],
  ['ring', 4],
  ['tier-cut', 4]
])

/** Does somebody lose what its promises rest on? It counts as faulty from then on. */
export function isLosing(name: string): boolean {
  return name === 'wiped-disk' || name === 'old-disk' || isDamageName(name)
}

/** Undefined when everything that is named can be in every run. */
export function refuseFaults(
  { named }: Pick<FaultSpecification, 'named'>,
  { replicas, liars }: CommitteePlan
): FaultsRefused | undefined {
  const names = [...named]
  for (const name of names) {
    const least = replicasMin.get(name) ?? 1
    if (replicas < least) return { code: 'too-few-members', name, replicasMin: least }
  }
  const losing = names.filter(isLosing)
  const causes = [names.filter(name => name === 'gone'), losing].filter(each => each.length > 0)
  const faultyMax = faultyWeight(replicas)
  const faulty = liars + causes.length
  if (causes.length === 0 || faulty <= faultyMax) return undefined
  return { code: 'too-many-faulty', faultyMax, causes, replicasMin: 3 * faulty + 1 }
}
