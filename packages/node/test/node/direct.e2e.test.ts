import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { dataPathsOf } from '../../src/config/data-paths.ts'
import type { Control } from '../../src/control/control.ts'
import { patience, put } from './agreement.ts'
import { TestCluster } from './cluster.ts'

const planesOf = (node: Control | undefined) => node?.peers().map(({ plane }) => plane)

test('members commit over direct sockets, and say so', patience, async () => {
  await using chain = await TestCluster.make()
  const members = await chain.startAll()
  const planes = () => members.flatMap(planesOf)
  await expect.poll(planes).toEqual(new Array(members.length * (members.length - 1)).fill('direct'))
  for (const [place, member] of members.entries()) await put(member, `k${place}`, 'value')
})

test('with a member that has none of it the others stay on libp2p', patience, async () => {
  await using chain = await TestCluster.make()
  const { config } = dataPathsOf(chain.directory(4))
  const { network, ...rest } = JSON.parse(readFileSync(config, 'utf8'))
  writeFileSync(config, JSON.stringify({ ...rest, network: { ...network, direct: false } }))
  const members = await chain.startAll()
  await expect.poll(() => planesOf(members[0])?.sort()).toEqual(['direct', 'direct', 'libp2p'])
  await expect.poll(() => planesOf(members[3])).toEqual(['libp2p', 'libp2p', 'libp2p'])
  for (const [place, member] of members.entries()) await put(member, `k${place}`, 'value')
  const levels = chain.logOf(1).map(line => line['level'])
  expect(levels).toContain('info')
  expect(levels.filter(level => level === 'warn' || level === 'error')).toEqual([])
})
