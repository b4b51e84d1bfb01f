import type { Receipt, TransactionStatus } from '@novacron/node'
import { type ExitCode, exitCodes, type Io, writeJson } from './io.ts'
import { showPosition } from './node-bytes.ts'

/** Prints where a transaction stands in the log, or who it is as long as it stands nowhere. */
export function printReceipt(
  receipt: Receipt | TransactionStatus,
  isJson: boolean,
  io: Io
): ExitCode {
  const { index, ordinal, code = 'ok', session, sequence, state } = receipt
  if (isJson) writeJson(io, receipt)
  // What ran before and is forgotten since is told as a duplicate, or by no code at all.
  if (code !== 'ok' && code !== 'duplicate') {
    const text = `the transaction is in the log and changed nothing: ${code}`
    io.stderr.write(`novacron: ${text}\n`)
    return exitCodes.failed
  }
  if (isJson) return exitCodes.ok
  io.stdout.write(
    code === 'duplicate' || index === undefined || ordinal === undefined
      ? `${state === 'committed' ? 'committed before' : 'accepted'}, session ${session} sequence ${sequence}\n`
      : `${showPosition(index, ordinal)}\n`
  )
  return exitCodes.ok
}
