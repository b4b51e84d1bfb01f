import type { PeerStatus } from '@novacron/node'
import { type ExitCode, exitCodes, type Io, writeJson } from '../io.ts'
import { NodeConnection } from '../node-connection.ts'
import { textTable } from '../text-table.ts'
import { type AddVerb, addExamples, addNodeOptions, type NodeVerbOptions } from '../verb.ts'

export const addPeers: AddVerb = (program, { io, exit }) => {
  const command = program
    .command('peers')
    .description('Every peer that the node knows, connected or not.')
    .action(async (options: NodeVerbOptions) => exit(await peers(options, io)))
  addExamples(addNodeOptions(command), 'novacron peers', 'novacron peers --json')
}

async function peers(options: NodeVerbOptions, io: Io): Promise<ExitCode> {
  const answer = await new NodeConnection(options, io).call('node.peers', {})
  if (options.json === true) writeJson(io, answer)
  else
    io.stdout.write(
      textTable(head, answer.peers.map(rowOf))
        .map(line => `${line}\n`)
        .join('')
    )
  return exitCodes.ok
}

const head = [
  'name',
  'state',
  'rtt ms',
  'queued',
  'sent',
  'received',
  'plane',
  'encryption',
  'address',
  'peer'
]

function rowOf(peer: PeerStatus): (string | number)[] {
  return [
    peer.name ?? (peer.member ? 'member' : 'observer'),
    peer.state,
    peer.rttMs?.toFixed(1) ?? '-',
    peer.queuedBytes,
    peer.sentBytes,
    peer.receivedBytes,
    peer.plane ?? '-',
    peer.encryption ?? '-',
    peer.addresses[0] ?? '-',
    peer.peer
  ]
}
