import { quorumWeight, validityWeight } from '@novacron/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'

// Weighted replicas: a subset is drawn by one bit a replica.
const weighted = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.boolean(), fc.boolean(), fc.boolean()), {
    minLength: 1,
    maxLength: 40
  })
  .map(replicas => {
    const weigh = (has: (replica: (typeof replicas)[number]) => boolean) =>
      replicas.filter(has).reduce((sum, [weight]) => sum + weight, 0)
    return { weigh, total: weigh(() => true) }
  })

test('two weighted quorums share weight that faulty replicas alone cannot have', () => {
  fc.assert(
    fc.property(weighted, ({ weigh, total }) => {
      const quorum = quorumWeight(total)
      fc.pre(weigh(([, a]) => a) >= quorum && weigh(([, , b]) => b) >= quorum)
      expect(weigh(([, a, b]) => a && b)).toBeGreaterThanOrEqual(validityWeight(total))
    }),
    { numRuns: 100 }
  )
})

test('a set of validity weight meets every quorum, and less than it leaves a quorum outside', () => {
  fc.assert(
    fc.property(weighted, ({ weigh, total }) => {
      const inside = weigh(([, , , c]) => c)
      const isValid = inside >= validityWeight(total)
      expect(total - inside < quorumWeight(total)).toBe(isValid)
    })
  )
})
