import { lacksQuorum, type NodeStatus } from '@novacron/node'
import { type ExitCode, exitCodes, type Io, writeJson } from '../io.ts'
import { NodeConnection } from '../node-connection.ts'
import { showMs } from '../settings.ts'
import { type AddVerb, addExamples, addNodeOptions, type NodeVerbOptions } from '../verb.ts'

export const addStatus: AddVerb = (program, { io, exit }) => {
  const command = program
    .command('status')
    .description(
      'Who the node is, how far it is, and what is missing; exit code 4 unless it runs with a quorum.'
    )
    .action(async (options: NodeVerbOptions) => exit(await status(options, io)))
  addExamples(addNodeOptions(command), 'novacron status', 'novacron status --json | jq .round')
}

async function status(options: NodeVerbOptions, io: Io): Promise<ExitCode> {
  const report = await new NodeConnection(options, io).call('node.status', {})
  if (options.json === true) writeJson(io, report)
  else io.stdout.write(describeStatus(report))
  return report.state === 'running' && !lacksQuorum(report) ? exitCodes.ok : exitCodes.notReady
}

function describeStatus(report: NodeStatus): string {
  const { head, chainName, chain, sockets } = report
  const lines: readonly (readonly [string, string | number | undefined])[] = [
    ['node', `${report.name} (${report.role}, ${report.peer})`],
    ['chain', `${chainName} (${chain})`],
    ['state', report.state],
    ['protocol', `${report.protocol}, epoch ${report.epoch}, round ${report.round}`],
    ['committed', report.committedIndex],
    ['executed', `${head.index} (${head.digest})`],
    ['checkpoint', report.checkpointIndex],
    ['peers', `${report.peersConnected} connected`],
    ['uptime', showMs(report.uptimeMs)],
    ['version', report.version],
    ['control', sockets.control],
    ['ingest', sockets.ingest],
    ['health', sockets.health]
  ]
  const facts = lines
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name.padEnd(11)}${value}\n`)
  const reasons = report.reasons.map(reason => `${'missing'.padEnd(11)}${reason}\n`)
  return [...facts, ...reasons].join('')
}
