import { z } from 'zod'
import { bytesOfJson, jsonOfBytes } from '../json-bytes.ts'
import { jsonOfLogPage } from '../log-page.ts'
import { defineMethod, type Method } from '../method.ts'
import type { NodeControl } from '../node-control.ts'
import { commitsMax, kvEntriesMax, logEntriesMax } from '../options.ts'
import { commitIndex, commitPage, count, jsonBytes, jsonKey, kvEntry, logPage } from '../schemas.ts'

export function logMethods(node: NodeControl): readonly Method[] {
  return [
    defineMethod('log.range', {
      summary: 'Executed transactions in order, from one place of the log on.',
      params: z.strictObject({
        from: commitIndex,
        fromOrdinal: count.default(0),
        limit: z.int().min(1).max(logEntriesMax).default(100)
      }),
      result: logPage,
      handler: async ({ from, fromOrdinal, limit }) =>
        jsonOfLogPage(await node.logRange({ from: { index: from, ordinal: fromOrdinal }, limit }))
    }),
    defineMethod('log.commits', {
      summary: 'The chain of commit digests, to compare what nodes agreed on.',
      params: z.strictObject({
        from: commitIndex,
        limit: z.int().min(1).max(commitsMax).default(1000)
      }),
      result: commitPage,
      handler: range => node.commits(range)
    })
  ]
}

export function kvMethods(node: NodeControl): readonly Method[] {
  return [
    defineMethod('kv.get', {
      summary: 'The value and version of one key.',
      params: z.strictObject({ key: jsonKey }),
      result: z.strictObject({
        key: jsonBytes,
        value: jsonBytes.nullable(),
        version: count,
        index: count
      }),
      handler: async ({ key }) => {
        const { value, version, index } = await node.kvGet(bytesOfJson(key))
        return { key, value: value === undefined ? null : jsonOfBytes(value), version, index }
      }
    }),
    defineMethod('kv.list', {
      summary: 'Keys with a prefix, in the order of their bytes, page by page.',
      params: z.strictObject({
        prefix: jsonBytes.default({ utf8: '' }),
        after: jsonBytes.exactOptional(),
        limit: z.int().min(1).max(kvEntriesMax).default(100)
      }),
      result: z.strictObject({ entries: z.array(kvEntry), more: z.boolean(), index: count }),
      handler: async ({ prefix, after, limit }) => {
        const request = { prefix: bytesOfJson(prefix), limit }
        const page = await node.kvList(
          after === undefined ? request : { ...request, after: bytesOfJson(after) }
        )
        return {
          entries: page.entries.map(({ key, value, version }) => ({
            key: jsonOfBytes(key),
            value: jsonOfBytes(value),
            version
          })),
          more: page.more,
          index: page.index
        }
      }
    })
  ]
}
