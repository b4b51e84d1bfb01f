import { quietScenario } from '@novacron/simulator'
import { expect, test } from 'vitest'
import { Progress } from '../../src/simulate/progress.ts'
import { captureIo } from '../capture-io.ts'

function setUp(isTty: boolean, env: Readonly<Record<string, string>> = {}) {
  const io = captureIo({ isTty, env })
  let now = 1_000
  const progress = new Progress(io, 100, () => now)
  const at = (ms: number, done: number, failed = 0) => {
    now = 1_000 + ms
    progress.show({ done, failed, virtualMs: done * 2_000 })
  }
  return { io, progress, at }
}

test('elsewhere than on a terminal a line comes after five seconds, then every thirty', () => {
  const { io, progress, at } = setUp(false)
  at(100, 1)
  at(4_999, 9)
  expect(io.stderr.text).toBe('')
  at(5_000, 10)
  at(20_000, 30)
  at(35_000, 50, 2)
  at(90_000, 100, 2)
  progress.end()
  expect(io.stderr.text).toBe(
    '10 of 100 seeds, 0 failed, 4.0 virtual s/s, 45 s to go\n' +
      '50 of 100 seeds, 2 failed, 2.9 virtual s/s, 35 s to go\n'
  )
})

test('on a terminal one line is drawn again and again, and nothing is left of it', () => {
  const { io, progress, at } = setUp(true)
  at(0, 0)
  at(100, 1)
  at(200, 2)
  progress.note('look')
  progress.end()
  const clear = '\r\u001b[K'
  expect(io.stderr.text).toBe(
    `${clear}0 of 100 seeds, 0 failed, 0.0 virtual s/s` +
      `${clear}2 of 100 seeds, 0 failed, 20.0 virtual s/s, 9.8 s to go${clear}novacron: look\n`
  )
})

test('no cursor moves where the user asked for none', () => {
  const { io, at } = setUp(true, { NO_COLOR: '1' })
  at(5_000, 10)
  expect(io.stderr.text).toMatch(/^10 of 100 seeds.*\n$/)
})

test('shrinking says how small it has become', () => {
  const { io, progress } = setUp(true)
  progress.showShrinking(3, 200, quietScenario)
  expect(io.stderr.text).toContain(
    'shrinking: 3 of 200 runs at most, down to 4 replicas, 0 faults, 2 s'
  )
})
