import { expect, test } from 'vitest'
import type { ReplicaEffect } from '../src/index.ts'
import { StateSaves } from '../src/state-saves.ts'

test('no commit is run that makes a second checkpoint while the first is on its way to the disk', () => {
  const saves = new StateSaves(10)
  const out: ReplicaEffect[] = []
  expect(saves.runnableIndex(20)).toBe(Number.POSITIVE_INFINITY)
  saves.expect(out)
  expect([20, 25, 29].map(index => saves.runnableIndex(index))).toEqual([29, 29, 29])
  const [read] = out
  if (read?.type !== 'read') throw new Error(read?.type)
  expect(saves.onRead('another')).toBe(false)
  expect(saves.runnableIndex(29)).toBe(29)
  expect(saves.onRead(read.token)).toBe(true)
  expect(saves.runnableIndex(29)).toBe(Number.POSITIVE_INFINITY)
})

test('a snapshot that comes meanwhile is waited for as well', () => {
  const saves = new StateSaves(10)
  const out: ReplicaEffect[] = []
  saves.expect(out)
  saves.expect(out)
  const [first, second] = out.map(effect => (effect.type === 'read' ? effect.token : ''))
  saves.onRead(first as string)
  expect(saves.runnableIndex(40)).toBe(49)
  saves.onRead(second as string)
  expect(saves.runnableIndex(40)).toBe(Number.POSITIVE_INFINITY)
})
