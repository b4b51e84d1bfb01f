import { Reader } from '@novacron/base'
import { readSignedHeader, tables } from '@novacron/consensus'
import { chainFactsOf } from '../../src/assembly/replica-settings.ts'
import { sha256 } from '../../src/config/ed25519.ts'
import type { Genesis } from '../../src/config/genesis.ts'
import { openStore } from '../../src/store/level-store.ts'

/**
 * Reads what stopped nodes have signed or voted for and returns the slots for which two headers exist, as words. Whoever
 * votes keeps the header, so two headers, or votes for two headers, of one slot stand in the tables of one node or two.
 */
export async function headersSignedTwice(
  directories: readonly string[],
  genesis: Genesis
): Promise<{ readonly headers: number; readonly conflicts: readonly string[] }> {
  const { domain } = chainFactsOf(genesis)
  const idOfSlot = new Map<string, string>()
  const conflicts: string[] = []
  for (const directory of directories) {
    const { store } = await openStore({ directory })
    for await (const [, value] of store.range(tables.header)) {
      const { author, round, id } = readSignedHeader(new Reader(value), domain, sha256).header
      const slot = `round ${round} of replica ${author}`
      const known = idOfSlot.get(slot)
      if (known !== undefined && known !== id) conflicts.push(`${slot}: ${known} and ${id}`)
      idOfSlot.set(slot, id)
    }
    await store[Symbol.asyncDispose]()
  }
  return { headers: idOfSlot.size, conflicts }
}
