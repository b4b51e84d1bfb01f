import { ascii } from '@novacron/base'
import { expect } from 'vitest'
import type { LogEntry, NodeControl } from '../../src/api/node-control.ts'

type Reader = Pick<NodeControl, 'commits' | 'logRange' | 'status'>

/** For tests with real nodes: a machine may be busy with other things, and only what hangs is to be ended. */
export const patience = { timeout: 600_000 }

/** Resolves once the node has executed commit `index`; rejects with its status when that takes too long. */
export async function executed(control: NodeControl, index: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const stop = control.subscribe('log.committed', commit => {
    if (commit.index >= index) resolve()
  })
  const timer = setTimeout(() => {
    const status = JSON.stringify({ ...control.status(), ...control.consensusStatus() })
    reject(new Error(`commit ${index} was not executed: ${status}`))
  }, 150_000)
  if (control.status().executedIndex >= index) resolve()
  try {
    await promise
  } finally {
    stop()
    clearTimeout(timer)
  }
}

/** The digest chain from `from` to `to`, both included. */
export async function chainOf(control: Reader, from: number, to: number): Promise<string[]> {
  const digests: string[] = []
  for (let next = from; next <= to; ) {
    const page = await control.commits({ from: next, limit: Math.min(1_000, to + 1 - next) })
    expect(page.commits.length, `commits from ${next}`).toBeGreaterThan(0)
    digests.push(...page.commits.map(({ index, digest }) => `${index}:${digest}`))
    next = page.next
  }
  return digests
}

/** Compares the digest chains of all over what they have in common; returns the last common index. */
export async function expectOneChain(controls: readonly Reader[]): Promise<number> {
  const last = Math.min(...controls.map(control => control.status().executedIndex))
  const pages = await Promise.all(controls.map(control => lowestOf(control)))
  const first = Math.max(...pages)
  expect(last, 'the chains overlap').toBeGreaterThanOrEqual(first)
  const [expected, ...others] = await Promise.all(controls.map(c => chainOf(c, first, last)))
  for (const other of others) expect(other).toEqual(expected)
  return last
}

async function lowestOf(control: Reader): Promise<number> {
  const { executedIndex } = control.status()
  return (await control.commits({ from: executedIndex, limit: 1 })).lowest
}

/** All transactions from the lowest commit that is kept to `to`. */
export async function logOf(control: Reader, to: number): Promise<LogEntry[]> {
  const entries: LogEntry[] = []
  let next = { index: await lowestOf(control), ordinal: 0 }
  while (next.index <= to) {
    const page = await control.logRange({ from: next, limit: 1_000 })
    entries.push(...page.entries.filter(entry => entry.index <= to))
    if (page.next.index === next.index && page.next.ordinal === next.ordinal) break
    next = page.next
  }
  return entries
}

export async function put(control: NodeControl, key: string, value: string): Promise<number> {
  const { index, code } = await control.submit(
    {
      application: 'kv',
      operation: { type: 'put', key: ascii(key), value: ascii(value) },
      wait: 'committed',
      timeoutMs: 60_000
    },
    new AbortController().signal
  )
  expect(code).toBe('ok')
  return index ?? 0
}

export async function get(control: NodeControl, key: string): Promise<string | undefined> {
  const { value } = await control.kvGet(ascii(key))
  return value === undefined ? undefined : String.fromCharCode(...value)
}
