import { Fault } from '@novacron/base'

export function isDiskFull(error: unknown): boolean {
  return error instanceof Fault && error.code === 'disk-full'
}

/** False when the store has no room; every other failure is thrown on. */
export async function unlessDiskFull(work: Promise<void>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (isDiskFull(error)) return false
    throw error
  }
}
