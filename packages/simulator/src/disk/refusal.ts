import { Fault } from '@novacron/base'

/** Until an operator has seen that a node ended, and has mended its directory. */
export const repairMs = 150

/** The machine found that its rows are not one state, rather than made a mistake of its own. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Fault && error.code === 'damaged-state'
}
