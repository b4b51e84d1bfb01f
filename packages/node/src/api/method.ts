import type { z } from 'zod'
import type { JsonTopic, MethodName, MethodParams, MethodResult } from './method-types.ts'

/** What a connection that stays open offers to `subscribe` and `unsubscribe`. */
export interface Subscriber {
  /** @throws {Fault} limit-reached, pruned */
  subscribe(topic: JsonTopic, from: number | undefined): Promise<string>
  /** @throws {Fault} unknown-subscription */
  unsubscribe(subscription: string): void
}

export interface CallContext {
  /** Aborts when the caller is gone, the time for the call is over, or the server closes. */
  readonly signal: AbortSignal
  /** Absent over plain HTTP. */
  readonly subscriber?: Subscriber
}

/** One entry of the registry. `call` takes params that `params` has parsed. */
export interface Method {
  readonly name: MethodName
  readonly summary: string
  readonly params: z.ZodObject
  readonly result: z.ZodType
  readonly call: (params: unknown, context: CallContext) => unknown
}

interface MethodDefinition<N extends MethodName, P extends z.ZodObject> {
  readonly summary: string
  readonly params: P
  readonly result: z.ZodType<MethodResult<N>>
  readonly handler: (
    params: z.output<P>,
    context: CallContext
  ) => MethodResult<N> | Promise<MethodResult<N>>
}

/** Ties name, schemas and handler to the types in `ApiMethods`, then forgets the types for the registry. */
export function defineMethod<N extends MethodName, P extends z.ZodObject>(
  name: N,
  definition: MethodParams<N> extends z.input<P> ? MethodDefinition<N, P> : never
): Method {
  const { summary, params, result, handler } = definition as MethodDefinition<N, P>
  return {
    name,
    summary,
    params,
    result,
    call: (value, context) => handler(value as z.output<P>, context)
  }
}
