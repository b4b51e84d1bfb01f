import { commandFault } from './command-fault.ts'

/**
 * Text of the command line that goes to the node as bytes. Bytes that were no UTF-8 arrive here as U+FFFD, so that two different
 * ones would be the same key.
 *
 * throws  Fault<CommandFacts> `usage`
 */
export function argumentText(text: string, what: string, remedy: string): string {
  if (!text.includes('\ufffd') && text.isWellFormed()) return text
  throw commandFault('usage', `${what} is not UTF-8, or holds U+FFFD; ${remedy}`)
}

/** What does not fit a command line does fit the control API. */
export const useBase64 = 'name it in base64 through the control API'
