import { expect, test } from 'vitest'
import type { SimulateOptions } from '../../src/simulate/options.ts'
import { replayCommand } from '../../src/simulate/replay.ts'

const plain: SimulateOptions = {
  protocol: 'bullshark',
  replicas: 10,
  virtualMs: 20_000,
  byzantine: undefined,
  faults: undefined,
  latencyMatrix: undefined,
  scenario: undefined
}

test.each([
  { options: {}, command: '--seed 7' },
  { options: { replicas: 4, virtualMs: 5_000 }, command: '--seed 7 --replicas 4 --virtual 5s' },
  { options: { virtualMs: 1_250 }, command: '--seed 7 --virtual 1250ms' },
  { options: { byzantine: 3 }, command: '--seed 7 --byzantine 3' },
  { options: { byzantine: 0 }, command: '--seed 7 --byzantine 0' },
  { options: { faults: '-old-disk' }, command: '--seed 7 --faults -old-disk' },
  { options: { faults: 'crash, loss=5%' }, command: "--seed 7 --faults 'crash, loss=5%'" },
  {
    options: { latencyMatrix: "/it's here" },
    command: `--seed 7 --latency-matrix '/it'\\''s here'`
  },
  { options: { scenario: '/a/b.json' }, command: '--scenario /a/b.json' }
])('$command', ({ options, command }) => {
  expect(replayCommand({ ...plain, ...options }, 7)).toBe(`novacron simulate bullshark ${command}`)
})
