import { configFault } from './config-fault.ts'
import { describeProblem, type Problem } from './problem.ts'

/** A checked value, or everything that is wrong with it at once. */
export type Result<T> =
  | { readonly type: 'ok'; readonly value: T }
  | { readonly type: 'invalid'; readonly problems: readonly Problem[] }

/** @throws {ConfigFault} `invalid`, naming the file that the value came from. */
export function valueOrThrow<T>(result: Result<T>, path: string): T {
  if (result.type === 'ok') return result.value
  throw configFault({ code: 'invalid', path, problems: result.problems.map(describeProblem) })
}
