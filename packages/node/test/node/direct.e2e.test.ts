import { expect, test } from 'vitest'
import { defaultNodeOptions } from '../../src/config/node-options.ts'
import { patience, put } from './agreement.ts'
import { TestCluster } from './cluster.ts'

test('members with network.direct commit over direct sockets, and say so', patience, async () => {
  const network = { ...defaultNodeOptions.network, direct: true }
  await using chain = await TestCluster.make({ options: { network } })
  const members = await chain.startAll()
  const planes = () => members.flatMap(member => member.peers().map(({ plane }) => plane))
  await expect
    .poll(planes, { timeout: 30_000 })
    .toEqual(new Array(members.length * (members.length - 1)).fill('direct'))
  for (const [place, member] of members.entries()) await put(member, `k${place}`, 'value')
})
