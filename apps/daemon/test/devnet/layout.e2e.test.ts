import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { freePorts, portRange } from '../../src/devnet/layout.ts'

test('free ports differ, can be had, and are none that a connection which goes out may get', async () => {
  const ports = await freePorts(200)
  expect(new Set(ports).size).toBe(200)
  expect(Math.min(...ports)).toBeGreaterThanOrEqual(portRange.first)
  expect(Math.max(...ports)).toBeLessThanOrEqual(portRange.last)
  const server = createServer()
  await new Promise<void>(resolve => server.listen(ports[0], '127.0.0.1', resolve))
  await new Promise(resolve => server.close(resolve))
})
