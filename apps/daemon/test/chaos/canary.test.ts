import { Fault } from '@novacron/base'
import { afterEach, describe, expect, test } from 'vitest'
import { Canary } from '../../src/chaos/canary.ts'

interface Call {
  readonly method: string
  readonly params: {
    readonly session?: string
    readonly sequence?: number
    readonly payload?: { readonly key: { utf8: string }; readonly value: { utf8: string } }
    readonly key?: { readonly utf8: string }
  }
}

/** A node that keeps what it is told, and may be told to misbehave. */
class Node {
  readonly held = new Map<string, string>()
  readonly run = new Set<string>()
  answer: 'well' | 'not-at-all' | 'late' | 'expired' = 'well'
  forgets = (_value: string): boolean => false

  async call(method: string, params: Call['params']): Promise<unknown> {
    if (method === 'kv.get') {
      const value = this.held.get(params.key?.utf8 ?? '')
      return { value: value === undefined ? null : { utf8: value } }
    }
    if (this.answer === 'not-at-all') throw new Fault({ code: 'not-running' })
    if (method === 'session.open') return { session: 'one', index: 1 }
    if (this.answer === 'expired') {
      this.answer = 'well'
      throw new Fault({ code: 'session-expired' })
    }
    const { session, sequence, payload } = params
    const name = `${session}/${sequence}`
    const isNew = !this.run.has(name)
    this.run.add(name)
    const value = payload?.value.utf8 ?? ''
    if (isNew && !this.forgets(value)) this.held.set(payload?.key.utf8 ?? '', value)
    if (this.answer === 'late') throw new Fault({ code: 'timeout' })
    return { code: isNew ? 'ok' : 'duplicate' }
  }
}

const options = { keys: 3, intervalMs: 1, attemptMs: 10 }
let canary: Canary
afterEach(() => canary.stop())

function start(...nodes: readonly Node[]): Canary {
  canary = new Canary(() => nodes as never, options)
  return canary
}

const written = (count: number) =>
  expect.poll(() => canary.acknowledged).toBeGreaterThanOrEqual(count)
const checked = async (node: Node) => {
  await canary.stop()
  return canary.check('node-1', node as never)
}

describe('keys that are written all the time', () => {
  test('are there at the end', async () => {
    const node = new Node()
    start(node)
    await written(10)
    expect(await checked(node)).toEqual([])
    expect(node.held.size).toBe(3)
  })

  test('go to another node when one does not answer, and are not written twice', async () => {
    const [away, node] = [new Node(), new Node()]
    away.answer = 'not-at-all'
    start(away, node)
    await written(5)
    node.answer = 'late'
    await expect.poll(() => node.run.size).toBeGreaterThan(5)
    const before = canary.acknowledged
    node.answer = 'well'
    await written(before + 3)
    expect(node.run.size - canary.acknowledged).toBeLessThanOrEqual(1)
    expect(await checked(node)).toEqual([])
  })

  test('begin again when the session is gone', async () => {
    const node = new Node()
    start(node)
    await written(2)
    node.answer = 'expired'
    node.run.clear()
    await written(canary.acknowledged + 3)
    expect(await checked(node)).toEqual([])
  })

  test('are missed where a write was answered and not kept', async () => {
    const node = new Node()
    node.forgets = value => Number(value) > 4
    start(node)
    await written(9)
    const reasons = await checked(node)
    expect(reasons).toHaveLength(3)
    expect(reasons[0]).toMatch(/^node-1 holds write \d+ of canary\/\d, acknowledged was \d+$/)
  })

  test('are missed where another node holds something else', async () => {
    const node = new Node()
    start(node)
    await written(6)
    await canary.stop()
    node.held.set('canary/0', `${canary.acknowledged + 100}`)
    node.held.delete('canary/1')
    node.held.set('canary/2', '1')
    expect(await checked(node)).toHaveLength(3)
  })
})
