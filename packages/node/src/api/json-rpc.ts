import {
  type ApiFacts,
  apiFactsOf,
  apiFault,
  internalErrorNumber,
  invalidParamsNumber,
  invalidRequestNumber,
  methodNotFoundNumber,
  parseErrorNumber,
  serverErrors
} from './faults.ts'
import type { CallContext, Method } from './method.ts'
import type { ApiOptions } from './options.ts'
import { describeProblem, paramProblems } from './param-problems.ts'
import type { MethodRegistry } from './registry.ts'
import { closest } from './suggestion.ts'

type RpcId = string | number | null

interface RpcErrorObject {
  readonly code: number
  readonly message: string
  readonly data: { readonly code: string; readonly hint: string; readonly [fact: string]: unknown }
}

type RpcResponse =
  | { readonly jsonrpc: '2.0'; readonly id: RpcId; readonly result: unknown }
  | { readonly jsonrpc: '2.0'; readonly id: RpcId; readonly error: RpcErrorObject }

export interface DispatchNeeds {
  readonly registry: MethodRegistry
  readonly options: Pick<ApiOptions, 'batchLengthMax' | 'callTimeoutMs'>
  /** Told of every answer that was -32603: our own mistake, or an error nobody foresaw. */
  readonly onInternalError: (method: string, error: unknown) => void
  /** Told of every call when it is answered. */
  readonly onCall?: (method: string, seconds: number, outcome: 'ok' | 'error') => void
}

/**
 * Answers one message by JSON-RPC 2.0: a call, a notification or a batch; undefined stands for bytes that are not UTF-8.
 * Returns the text of the response, or undefined when nothing is to be answered. Never rejects.
 */
export async function answerMessage(
  text: string | undefined,
  context: CallContext,
  needs: DispatchNeeds
): Promise<string | undefined> {
  if (text === undefined) return JSON.stringify(parseError('the bytes are not UTF-8'))
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch (error) {
    return JSON.stringify(parseError((error as Error).message))
  }
  if (!Array.isArray(message)) {
    const response = await answerCall(message, context, needs)
    return response === undefined ? undefined : encode(response, needs)
  }
  const { batchLengthMax } = needs.options
  if (message.length === 0) return JSON.stringify(invalidRequest('an empty batch'))
  if (message.length > batchLengthMax) {
    return JSON.stringify(invalidRequest(`a batch of ${message.length} calls`, batchLengthMax))
  }
  const responses = await Promise.all(message.map(call => answerCall(call, context, needs)))
  const answered = responses.filter(response => response !== undefined)
  const texts = answered.map(response => encode(response, needs))
  return texts.length === 0 ? undefined : `[${texts.join(',')}]`
}

/** A result that JSON cannot hold is our own mistake, and answered as one. */
function encode(response: RpcResponse, needs: DispatchNeeds): string {
  try {
    return JSON.stringify(response)
  } catch (error) {
    needs.onInternalError('the encoding of a result', error)
    return JSON.stringify(internalError(response.id))
  }
}

/** A response outside of any call, as for a body that is too large. */
export function faultResponse(facts: ApiFacts, id: RpcId = null): RpcResponse {
  const { code, ...rest } = facts
  const { number, message, hint } = serverErrors[code]
  return errorResponse(id, number, message, { code, hint, ...rest })
}

function invalidRequest(what: string, limit?: number): RpcResponse {
  const hint =
    limit === undefined
      ? 'Send {"jsonrpc":"2.0","id":1,"method":"node.status"} or a batch of such objects.'
      : `Send at most ${limit} calls in one batch.`
  const facts =
    limit === undefined ? { code: 'invalid-request' } : { code: 'batch-too-long', limit }
  return errorResponse(null, invalidRequestNumber, `Invalid request: ${what}`, { ...facts, hint })
}

function parseError(reason: string): RpcResponse {
  const hint = 'The body must be one JSON value in UTF-8.'
  return errorResponse(null, parseErrorNumber, 'Parse error', {
    code: 'parse-error',
    hint,
    reason: reason.slice(0, 120)
  })
}

function errorResponse(
  id: RpcId,
  code: number,
  message: string,
  data: RpcErrorObject['data']
): RpcResponse {
  return { jsonrpc: '2.0', id, error: { code, message, data } }
}

interface Call {
  readonly id?: RpcId
  readonly method: string
  readonly params: unknown
}

async function answerCall(
  value: unknown,
  context: CallContext,
  needs: DispatchNeeds
): Promise<RpcResponse | undefined> {
  const call = callOf(value)
  if (typeof call === 'string') return invalidRequest(call)
  const response = await perform(call, context, needs)
  return call.id === undefined ? undefined : response
}

/** The call, or what is wrong with it. */
function callOf(value: unknown): Call | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not an object'
  const call = value as Record<string, unknown>
  const { id, method, params } = call
  if (call['jsonrpc'] !== '2.0') return 'jsonrpc is not "2.0"'
  if (typeof method !== 'string') return 'method is not a string'
  if (params !== undefined && (typeof params !== 'object' || params === null)) {
    return 'params is neither an object nor an array'
  }
  if (id === undefined) return { method, params }
  const isId = id === null || typeof id === 'string' || Number.isFinite(id)
  return isId ? { id: id as RpcId, method, params } : 'id is neither a string, a number nor null'
}

async function perform(
  call: Call,
  context: CallContext,
  needs: DispatchNeeds
): Promise<RpcResponse> {
  const id = call.id ?? null
  const method = needs.registry.get(call.method)
  if (method === undefined) return methodNotFound(id, call.method, needs.registry)
  const startedAt = performance.now()
  const response = await run(id, method, call.params ?? {}, context, needs)
  const outcome = 'error' in response ? 'error' : 'ok'
  needs.onCall?.(method.name, (performance.now() - startedAt) / 1000, outcome)
  return response
}

async function run(
  id: RpcId,
  method: Method,
  params: unknown,
  context: CallContext,
  needs: DispatchNeeds
): Promise<RpcResponse> {
  const parsed = method.params.safeParse(params)
  if (!parsed.success) {
    const keys = Object.keys(method.params.shape)
    const problems = paramProblems(parsed.error, params, keys)
    const summary = problems.map(describeProblem).join('; ')
    return errorResponse(id, invalidParamsNumber, `Invalid params: ${summary}`, {
      code: 'invalid-params',
      hint: `Params go by name; rpc.discover has the schema of ${method.name}.`,
      problems
    })
  }
  try {
    const result = await withinTime(method, parsed.data, context, needs.options.callTimeoutMs)
    return { jsonrpc: '2.0', id, result: result ?? null }
  } catch (error) {
    const facts = apiFactsOf(error)
    if (facts !== undefined) return faultResponse(facts, id)
    needs.onInternalError(method.name, error)
    return internalError(id)
  }
}

function internalError(id: RpcId): RpcResponse {
  const hint = 'The log of the node has the cause; the node goes on.'
  return errorResponse(id, internalErrorNumber, 'Internal error', { code: 'internal-error', hint })
}

function methodNotFound(id: RpcId, name: string, registry: MethodRegistry): RpcResponse {
  const meant = closest(name, registry.keys())
  const shown = JSON.stringify(name.slice(0, 64))
  const hint = meant === undefined ? 'rpc.discover lists the methods.' : `Did you mean ${meant}?`
  return errorResponse(id, methodNotFoundNumber, `Method not found: ${shown}`, {
    code: 'method-not-found',
    hint,
    ...(meant === undefined ? {} : { meant })
  })
}

/** The handler's own signal aborts with the caller's or when the time is over, whichever comes first. */
async function withinTime(
  method: Method,
  params: unknown,
  context: CallContext,
  callTimeoutMs: number
): Promise<unknown> {
  if (context.signal.aborted) throw apiFault({ code: 'cancelled' })
  const ended = new AbortController()
  const timer = setTimeout(
    () => ended.abort(apiFault({ code: 'timeout', afterMs: callTimeoutMs })),
    callTimeoutMs
  )
  const onGone = (): void => ended.abort(apiFault({ code: 'cancelled' }))
  context.signal.addEventListener('abort', onGone, { once: true })
  const aborted = new Promise<never>((_, reject) => {
    ended.signal.addEventListener('abort', () => reject(ended.signal.reason), { once: true })
  })
  try {
    return await Promise.race([method.call(params, { ...context, signal: ended.signal }), aborted])
  } finally {
    clearTimeout(timer)
    context.signal.removeEventListener('abort', onGone)
  }
}
