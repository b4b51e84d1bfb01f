import { z } from 'zod'
import { internalErrorNumber, invalidParamsNumber, serverErrors } from './faults.ts'
import type { Method } from './method.ts'
import type { OpenRpcDocument, OpenRpcMethod } from './method-types.ts'

/** The OpenRPC document, generated from the schemas that validate calls. */
export function openRpcDocument(methods: readonly Method[], version: string): OpenRpcDocument {
  return {
    openrpc: '1.3.2',
    info: {
      title: 'NovaCron control API',
      version,
      description:
        'JSON-RPC 2.0: POST / or /rpc over HTTP, or a WebSocket at /ws, which also takes subscriptions.'
    },
    methods: methods.map(describeMethod)
  }
}

function describeMethod({ name, summary, params, result }: Method): OpenRpcMethod {
  const schema = jsonSchema(params, 'input')
  const properties = (schema['properties'] ?? {}) as Record<string, Record<string, unknown>>
  const required = (schema['required'] ?? []) as readonly string[]
  const descriptors = Object.entries(properties).map(([key, value]) => ({
    name: key,
    required: required.includes(key),
    schema: value
  }))
  return {
    name,
    summary,
    paramStructure: 'by-name',
    // OpenRPC wants what is required first.
    params: [...descriptors.filter(p => p.required), ...descriptors.filter(p => !p.required)],
    result: { name: `${name}.result`, schema: jsonSchema(result, 'output') },
    errors: documentedErrors
  }
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  // `any` for what has no JSON schema: only the document's own schema, which is the OpenRPC meta-schema.
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}

const documentedErrors: OpenRpcMethod['errors'] = [
  { code: invalidParamsNumber, message: 'Invalid params' },
  { code: internalErrorNumber, message: 'Internal error' },
  ...Object.entries(serverErrors).map(([code, { number, message, hint }]) => ({
    code: number,
    message,
    data: { code, hint }
  }))
]
