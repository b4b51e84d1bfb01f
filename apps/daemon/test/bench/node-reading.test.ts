import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { difference, readingOf, readNode } from '../../src/bench/node-reading.ts'

const text = `# HELP novacron_network_sent_bytes_total Bytes sent
# TYPE novacron_network_sent_bytes_total counter
novacron_network_sent_bytes_total{class="order"} 100
novacron_network_sent_bytes_total{class="bulk"} 1e3
novacron_process_cpu_seconds 2.5
novacron_process_resident_peak_bytes 5000
novacron_consensus_signatures_checked_total 40
novacron_store_flushes_total 7
novacron_consensus_commits_total 3
`
const reading = {
  cpuSeconds: 2.5,
  peakRssBytes: 5_000,
  wireBytes: 1_100,
  signaturesChecked: 40,
  fsyncs: 7,
  commits: 3
}

test('a reading adds up the labels of a counter', () => {
  expect(readingOf(text)).toEqual(reading)
})

test('a difference keeps the peak', () => {
  const after = { ...reading, cpuSeconds: 4, peakRssBytes: 6_000, wireBytes: 2_000, fsyncs: 9 }
  expect(difference(reading, after)).toEqual({
    cpuSeconds: 1.5,
    peakRssBytes: 6_000,
    wireBytes: 900,
    signaturesChecked: 0,
    fsyncs: 2,
    commits: 0
  })
})

test('a node is read over HTTP, and one that is gone is undefined', async () => {
  const server = createServer((request, response) => {
    response.end(request.url === '/metrics' ? text : '')
  })
  server.listen({ host: '127.0.0.1', port: 0 })
  await new Promise(resolve => server.once('listening', resolve))
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  expect(await readNode(url)).toEqual(reading)
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
  expect(await readNode(url)).toBeUndefined()
})
