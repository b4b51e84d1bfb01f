import { commandFault } from '../command-fault.ts'
import { statusOf } from '../devnet/network.ts'
import type { BenchNetwork } from './bench-network.ts'

/** Rejects when the user wants the command to end. */
export function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(commandFault('interrupted', 'interrupted'))
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
}

/** As the first daemon that answers tells it. */
export async function protocolOf({ daemons }: BenchNetwork): Promise<string> {
  for (const daemon of daemons) {
    const status = await statusOf(daemon)
    if (status !== undefined) return status.protocol
  }
  throw commandFault('failed', 'no daemon answers after the load')
}

/** What carries frames between the daemons, as a running one tells it: not what was asked for, but what is. */
export async function connectionsOf({
  daemons
}: BenchNetwork): Promise<{ readonly encryption: string; readonly plane: string }> {
  const running = daemons.find(({ isRunning }) => isRunning)
  if (running === undefined) throw commandFault('failed', 'no daemon runs after the load')
  const { peers } = await running.client().call('node.peers', {})
  const connected = peers.filter(({ state }) => state === 'connected')
  return {
    encryption: namesOf(connected.map(({ encryption }) => encryption)),
    plane: namesOf(connected.map(({ plane }) => plane))
  }
}

function namesOf(found: readonly (string | undefined)[]): string {
  return [...new Set(found.filter(name => name !== undefined))].sort().join(', ') || 'none'
}
