import { fromHex } from '@novacron/base'
import { z } from 'zod'
import { fromBase64, operationOfJson } from '../json-bytes.ts'
import { defineMethod, type Method } from '../method.ts'
import type { JsonKvOperation } from '../method-types.ts'
import type { NodeControl, SubmitPayload } from '../node-control.ts'
import {
  clientKey,
  commitIndex,
  count,
  kvOperation,
  receipt,
  session,
  timeoutMs,
  transactionStatus
} from '../schemas.ts'

export function transactionMethods(node: NodeControl): readonly Method[] {
  return [sessionOpen(node), submit(node), status(node)]
}

function sessionOpen(node: NodeControl): Method {
  return defineMethod('session.open', {
    summary: 'Opens a session through the log; its transactions run exactly once.',
    params: z.strictObject({
      clientKey: clientKey.exactOptional(),
      wait: z.enum(['accepted', 'committed']).default('committed'),
      timeoutMs
    }),
    result: z.strictObject({ session, index: commitIndex.exactOptional() }),
    handler: ({ clientKey, wait, timeoutMs }, { signal }) =>
      node.openSession(
        clientKey === undefined
          ? { wait, timeoutMs }
          : { wait, timeoutMs, clientKey: fromHex(clientKey) },
        signal
      )
  })
}

function submit(node: NodeControl): Method {
  return defineMethod('tx.submit', {
    summary: 'Submits one transaction and waits as long as asked.',
    params: z
      .strictObject({
        application: z.enum(['log', 'kv']),
        payload: z.union([z.base64(), kvOperation]),
        session: session.exactOptional(),
        sequence: z.int().min(1).exactOptional(),
        wait: z.enum(['none', 'accepted', 'committed']).default('accepted'),
        timeoutMs
      })
      .superRefine(checkSubmit),
    result: receipt,
    handler: ({ application: _, payload, ...rest }, { signal }) =>
      node.submit({ ...rest, ...payloadOf(payload) }, signal)
  })
}

interface SubmitShape {
  readonly application: 'log' | 'kv'
  readonly payload: string | JsonKvOperation
  readonly session?: string
  readonly sequence?: number
}

function checkSubmit(params: SubmitShape, context: z.RefinementCtx): void {
  const isText = typeof params.payload === 'string'
  if (isText !== (params.application === 'log')) {
    const message = isText
      ? 'an operation {type: put | delete | compare-and-set, …} for application kv'
      : 'base64 text for application log'
    context.addIssue({ code: 'custom', path: ['payload'], message })
  }
  if ((params.session === undefined) !== (params.sequence === undefined)) {
    const missing = params.session === undefined ? 'session' : 'sequence'
    const message = 'session and sequence together, or neither for the session of the node'
    context.addIssue({ code: 'custom', path: [missing], message })
  }
}

function payloadOf(payload: string | JsonKvOperation): SubmitPayload {
  return typeof payload === 'string'
    ? { application: 'log', payload: fromBase64(payload) }
    : { application: 'kv', operation: operationOfJson(payload) }
}

function status(node: NodeControl): Method {
  return defineMethod('tx.status', {
    summary: 'What became of a transaction, by session and sequence.',
    params: z.strictObject({ session, sequence: count }),
    result: transactionStatus,
    handler: transaction => node.transactionStatus(transaction)
  })
}
