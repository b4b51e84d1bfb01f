import { answerMessage, type DispatchNeeds } from '../../src/api/json-rpc.ts'
import { defaultApiOptions } from '../../src/api/options.ts'
import { controlMethods } from '../../src/api/registry.ts'
import { FakeNode } from './fake-node.ts'
import type { Json } from './json.ts'

export interface Dispatch {
  readonly node: FakeNode
  readonly registry: DispatchNeeds['registry']
  readonly internalErrors: unknown[]
  /** The parsed response, undefined when there is none. */
  send(message: unknown, signal?: AbortSignal): Promise<Json>
  sendText(text: string): Promise<Json>
}

export function dispatch(options: Partial<DispatchNeeds['options']> = {}): Dispatch {
  const node = new FakeNode()
  const internalErrors: unknown[] = []
  const registry = controlMethods(node)
  const needs: DispatchNeeds = {
    registry,
    options: { ...defaultApiOptions, ...options },
    onInternalError: (_method, error) => internalErrors.push(error)
  }
  const answer = async (text: string, signal = new AbortController().signal) => {
    const response = await answerMessage(text, { signal }, needs)
    return response === undefined ? undefined : JSON.parse(response)
  }
  return {
    node,
    registry,
    internalErrors,
    send: (message, signal) => answer(JSON.stringify(message), signal),
    sendText: text => answer(text)
  }
}

export const call = (method: string, params?: unknown, id: unknown = 1) => ({
  jsonrpc: '2.0',
  id,
  method,
  ...(params === undefined ? {} : { params })
})
