import type { Receipt } from '@novacron/node'
import { type ExitCode, exitCodes, type Io, writeJson } from './io.ts'
import { showPosition } from './node-bytes.ts'

/** Prints where a transaction stands in the log, or who it is as long as it stands nowhere. */
export function printReceipt(receipt: Receipt, isJson: boolean, io: Io): ExitCode {
  const { index, ordinal, code = 'ok', session, sequence } = receipt
  if (isJson) writeJson(io, receipt)
  if (code !== 'ok') {
    const text = `the transaction is in the log and changed nothing: ${code}`
    io.stderr.write(`novacron: ${text}\n`)
    return exitCodes.failed
  }
  if (isJson) return exitCodes.ok
  io.stdout.write(
    index === undefined || ordinal === undefined
      ? `accepted, session ${session} sequence ${sequence}\n`
      : `${showPosition(index, ordinal)}\n`
  )
  return exitCodes.ok
}
