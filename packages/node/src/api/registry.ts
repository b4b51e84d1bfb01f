import { assert } from '@novacron/base'
import { z } from 'zod'
import { defineMethod, type Method } from './method.ts'
import type { OpenRpcDocument } from './method-types.ts'
import { consensusMethods, nodeMethods } from './methods/node-methods.ts'
import { kvMethods, logMethods } from './methods/state-methods.ts'
import { subscriptionMethods } from './methods/subscription-methods.ts'
import { transactionMethods } from './methods/transaction-methods.ts'
import type { NodeControl } from './node-control.ts'
import { openRpcDocument } from './open-rpc.ts'
import { noParams } from './schemas.ts'

/** Methods by name, in the order in which the document lists them. */
export type MethodRegistry = ReadonlyMap<string, Method>

/** Every method of the control API over one node, `rpc.discover` included. */
export function controlMethods(node: NodeControl): MethodRegistry {
  return registryOf(
    [
      ...nodeMethods(node),
      ...consensusMethods(node),
      ...transactionMethods(node),
      ...logMethods(node),
      ...kvMethods(node),
      ...subscriptionMethods()
    ],
    () => node.status().version
  )
}

/** Adds `rpc.discover`, which describes all methods and itself. The document is made once, when first asked for. */
function registryOf(methods: readonly Method[], versionOf: () => string): MethodRegistry {
  let document: OpenRpcDocument | undefined
  const all = [
    ...methods,
    defineMethod('rpc.discover', {
      summary: 'This document: every method with its params, result and errors (OpenRPC 1.3).',
      params: noParams,
      result: z.custom<OpenRpcDocument>(value => typeof value === 'object' && value !== null),
      handler: () => {
        document ??= openRpcDocument(all, versionOf())
        return document
      }
    })
  ]
  const registry = new Map(all.map(method => [method.name as string, method]))
  assert(registry.size === all.length, 'each method name once')
  return registry
}
