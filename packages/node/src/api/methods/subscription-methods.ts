import { z } from 'zod'
import { apiFault } from '../faults.ts'
import { type CallContext, defineMethod, type Method, type Subscriber } from '../method.ts'
import { commitIndex } from '../schemas.ts'

export function subscriptionMethods(): readonly Method[] {
  return [
    defineMethod('subscribe', {
      summary:
        'Sends each new value of a topic as a notification `subscription`; with `from`, log.committed replays first.',
      params: z
        .strictObject({
          topic: z.enum(['log.committed', 'consensus.rounds']),
          from: commitIndex.exactOptional()
        })
        .superRefine(({ topic, from }, context) => {
          if (from === undefined || topic === 'log.committed') return
          const message = 'only with topic log.committed'
          context.addIssue({ code: 'custom', path: ['from'], message })
        }),
      result: z.strictObject({ subscription: z.string() }),
      handler: async ({ topic, from }, context) => ({
        subscription: await subscriberOf(context).subscribe(topic, from)
      })
    }),
    defineMethod('unsubscribe', {
      summary: 'Ends one subscription of this connection.',
      params: z.strictObject({ subscription: z.string().max(64) }),
      result: z.strictObject({ unsubscribed: z.literal(true) }),
      handler: ({ subscription }, context) => {
        subscriberOf(context).unsubscribe(subscription)
        return { unsubscribed: true as const }
      }
    })
  ]
}

function subscriberOf({ subscriber }: CallContext): Subscriber {
  if (subscriber === undefined) throw apiFault({ code: 'needs-web-socket' })
  return subscriber
}
