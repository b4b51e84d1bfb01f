import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { machineEvent, parseCounters, readCounters } from '../../src/chaos/counters.ts'

const text = `# HELP novacron_x Something
# TYPE novacron_x counter
novacron_x 3
novacron_machine_events_total{name="resent"} 12
novacron_bad
novacron_worse nothing
`

test('counters are those of the text, under their names with labels', () => {
  expect([...parseCounters(text)]).toEqual([
    ['novacron_x', 3],
    [machineEvent('resent'), 12]
  ])
})

test('counters are read from whoever serves them, and from nobody else', async () => {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/metrics' ? 200 : 404
    response.end(text)
  })
  onTestFinished(() => void server.close())
  await new Promise<void>(resolve => server.listen({ host: '127.0.0.1', port: 0 }, resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  expect((await readCounters(url))?.get('novacron_x')).toBe(3)
  expect(await readCounters(`${url}/else`)).toBeUndefined()
  expect(await readCounters('http://127.0.0.1:1')).toBeUndefined()
  expect(await readCounters(undefined)).toBeUndefined()
})
