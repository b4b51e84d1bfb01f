import { kvKeyBytesMax } from '@novacron/execution'
import { z } from 'zod'
import type {
  JsonBytes,
  JsonKvEntry,
  JsonKvOperation,
  JsonLogEntry,
  JsonLogPage
} from './method-types.ts'
import type { CommitPage, Receipt, TransactionStatus } from './node-control.ts'
import { waitMsMax } from './options.ts'

/** Schemas of what methods take and give; the reports of a node are in report-schemas.ts. */

export const count: z.ZodInt = z.int().min(0)
export const commitIndex: z.ZodInt = z.int().min(1)
export const digest: z.ZodString = z.string().regex(/^[0-9a-f]{64}$/)
export const session: z.ZodString = z.string().regex(/^[0-9a-f]{32}$/)
export const timeoutMs: z.ZodDefault<z.ZodInt> = z.int().min(1).max(waitMsMax).default(10_000)
export const noParams: z.ZodObject<Record<never, never>, z.core.$strict> = z.strictObject({})

/** 32 bytes. */
export const clientKey: z.ZodString = z.string().regex(/^[0-9a-f]{64}$/)

/** JSON can escape half a character, which has no UTF-8. */
const wellFormed = z.string().refine(text => text.isWellFormed(), 'text without lone surrogates')
const bytesForm = { error: 'an object {"utf8": text} or {"base64": text}' }

export const jsonBytes: z.ZodType<JsonBytes, JsonBytes> = z.union(
  [z.strictObject({ utf8: wellFormed }), z.strictObject({ base64: z.base64() })],
  bytesForm
)

/** A kv key: not empty, and bounded before anything is decoded. */
export const jsonKey: z.ZodType<JsonBytes, JsonBytes> = z.union(
  [
    z.strictObject({
      utf8: wellFormed
        .min(1)
        .refine(
          text => Buffer.byteLength(text) <= kvKeyBytesMax,
          `at most ${kvKeyBytesMax} bytes of UTF-8`
        )
    }),
    z.strictObject({
      base64: z
        .base64()
        .min(4)
        .max(Math.ceil(kvKeyBytesMax / 3) * 4)
    })
  ],
  bytesForm
)

export const kvOperation: z.ZodType<JsonKvOperation, JsonKvOperation> = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('put'), key: jsonKey, value: jsonBytes }),
    z.strictObject({ type: z.literal('delete'), key: jsonKey }),
    z.strictObject({
      type: z.literal('compare-and-set'),
      key: jsonKey,
      version: count,
      value: jsonBytes.exactOptional()
    })
  ]
)

const transaction = { session, sequence: count }
const outcome = {
  index: commitIndex.exactOptional(),
  ordinal: count.exactOptional(),
  code: z.string().exactOptional(),
  version: count.exactOptional()
}

export const receipt: z.ZodType<Receipt> = z.strictObject({
  ...transaction,
  state: z.enum(['accepted', 'committed']),
  ...outcome
})

export const transactionStatus: z.ZodType<TransactionStatus> = z.strictObject({
  ...transaction,
  state: z.enum(['unknown', 'pending', 'committed']),
  ...outcome
})

const logEntry: z.ZodType<JsonLogEntry> = z.strictObject({
  index: commitIndex,
  ordinal: count,
  digest,
  ...transaction,
  application: z.string(),
  payload: z.base64(),
  applied: z.boolean()
})

const logPosition = z.strictObject({ index: commitIndex, ordinal: count })

export const logPage: z.ZodType<JsonLogPage> = z.strictObject({
  entries: z.array(logEntry),
  next: logPosition,
  lowest: count
})

export const commitPage: z.ZodType<CommitPage> = z.strictObject({
  commits: z.array(z.strictObject({ index: commitIndex, digest })),
  next: commitIndex,
  lowest: count
})

export const kvEntry: z.ZodType<JsonKvEntry> = z.strictObject({
  key: jsonBytes,
  value: jsonBytes,
  version: count
})
