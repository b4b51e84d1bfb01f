import { setTimeout as sleep } from 'node:timers/promises'
import { commandFault } from '../command-fault.ts'
import { type ExitCode, exitCodes, type Io, writeJson } from '../io.ts'
import { NodeConnection } from '../node-connection.ts'
import { showMs } from '../settings.ts'
import { type AddVerb, addExamples, addNodeOptions, type NodeVerbOptions } from '../verb.ts'

const pollMs = 50

export const addStop: AddVerb = (program, { io, exit }) => {
  const command = program
    .command('stop')
    .description('Stop the node in order and wait until it is gone.')
    .action(async (options: NodeVerbOptions) => exit(await stop(options, io)))
  addExamples(addNodeOptions(command, '30s'), 'novacron stop', 'novacron stop --timeout 1m')
}

async function stop(options: NodeVerbOptions, io: Io): Promise<ExitCode> {
  const node = new NodeConnection(options, io)
  const { name } = await node.call('node.status', {})
  await node.call('node.stop', {})
  const deadline = performance.now() + options.timeout
  while (await isAnswering(node)) {
    if (performance.now() > deadline || io.signal.aborted) {
      const text = `${name} was told to stop and still runs after ${showMs(options.timeout)}; look at its log`
      throw commandFault('failed', text)
    }
    await sleep(pollMs)
  }
  if (options.json === true) writeJson(io, { stopped: name })
  else io.stdout.write(`${name} stopped\n`)
  return exitCodes.ok
}

async function isAnswering(node: NodeConnection): Promise<boolean> {
  try {
    await node.call('node.status', {})
    return true
  } catch {
    return false
  }
}
