import type { Round } from '@novacron/base'
import { type BullsharkRules, bullsharkRules } from '@novacron/consensus'

/** Wrong rules, each a plausible mistake; the checks must notice every one. */
export const mutants: readonly { readonly name: string; readonly rules: BullsharkRules }[] = [
  { name: 'M1 commits on one vote', rules: { ...bullsharkRules, commitWeight: () => 1 } },
  {
    name: 'M2 orders the whole chain under the old schedule',
    rules: { ...bullsharkRules, anchorsToOrder: chain => [...chain].reverse() }
  },
  {
    name: 'M3 does not walk back',
    rules: { ...bullsharkRules, anchorChain: (_view, _leaderOf, _after, direct) => [direct] }
  },
  {
    name: 'M4 collects garbage by its own highest round',
    rules: {
      ...bullsharkRules,
      gcRound: (_anchorRound, depth, highest) => Math.max(0, highest - depth) as Round
    }
  },
  {
    name: 'M5 does not remember what is ordered',
    rules: { ...bullsharkRules, isOrdered: () => false }
  }
]
