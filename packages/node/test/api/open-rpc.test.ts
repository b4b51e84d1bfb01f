import { expect, test } from 'vitest'
import { z } from 'zod'
import { call, dispatch } from './dispatch.ts'
import type { Json } from './json.ts'

const jsonSchema = z.record(z.string(), z.unknown())

/** The parts of the OpenRPC 1.3 meta-schema that the document uses, strictly. */
const metaSchema = z.strictObject({
  openrpc: z.string().regex(/^1\.3\.\d+$/),
  info: z.strictObject({
    title: z.string().min(1),
    version: z.string().min(1),
    description: z.string()
  }),
  methods: z.array(
    z.strictObject({
      name: z.string().regex(/^([a-z]+\.[a-zA-Z]+|subscribe|unsubscribe)$/),
      summary: z.string().min(10),
      paramStructure: z.literal('by-name'),
      params: z.array(
        z.strictObject({
          name: z.string().regex(/^[a-zA-Z]+$/),
          required: z.boolean(),
          schema: jsonSchema
        })
      ),
      result: z.strictObject({ name: z.string(), schema: jsonSchema }),
      errors: z.array(
        z.strictObject({ code: z.int(), message: z.string(), data: z.unknown().optional() })
      )
    })
  )
})

async function discover() {
  const { send, registry } = dispatch()
  const { result } = await send(call('rpc.discover'))
  return { document: result, registry }
}

test('the document has the structure of OpenRPC and every method once', async () => {
  const { document, registry } = await discover()
  expect(metaSchema.safeParse(document).error).toBe(undefined)
  const names = document.methods.map((method: Json) => method.name)
  expect(new Set(names).size).toBe(names.length)
  expect(names).toEqual([...registry.keys()])
  expect(names).toEqual(
    expect.arrayContaining([
      'node.status',
      'node.peers',
      'node.stop',
      'consensus.status',
      'consensus.dag',
      'session.open',
      'tx.submit',
      'tx.status',
      'log.range',
      'kv.get',
      'kv.list',
      'log.setLevel',
      'rpc.discover'
    ])
  )
})

test('its schemas come from those that validate calls', async () => {
  const { document } = await discover()
  const range = document.methods.find((method: Json) => method.name === 'log.range')
  expect(range.params).toEqual([
    {
      name: 'from',
      required: true,
      schema: expect.objectContaining({ type: 'integer', minimum: 1 })
    },
    { name: 'fromOrdinal', required: false, schema: expect.objectContaining({ default: 0 }) },
    {
      name: 'limit',
      required: false,
      schema: expect.objectContaining({ maximum: 1000, default: 100 })
    }
  ])
  expect(range.result.schema).toMatchObject({
    type: 'object',
    required: ['entries', 'next', 'lowest'],
    additionalProperties: false
  })
})

test('required params come first and no error code is listed twice', async () => {
  const { document } = await discover()
  for (const { name, params, errors } of document.methods) {
    const required = params.map((param: Json) => param.required)
    expect(required, name).toEqual(
      [...required].sort((a: boolean, b: boolean) => Number(b) - Number(a))
    )
    expect(new Set(errors.map((error: Json) => error.code)).size, name).toBe(errors.length)
  }
})
