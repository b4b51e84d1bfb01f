import { softwareVersion } from '@novacron/node'
import { Command } from 'commander'
import type { AddVerb, VerbNeeds } from './verb.ts'
import { addBench } from './verbs/bench.ts'
import { addChaos } from './verbs/chaos.ts'
import { addCompletion } from './verbs/completion.ts'
import { addDevnet } from './verbs/devnet.ts'
import { addGenesis } from './verbs/genesis.ts'
import { addGet } from './verbs/get.ts'
import { addInit } from './verbs/init.ts'
import { addList } from './verbs/list.ts'
import { addLoad } from './verbs/load.ts'
import { addPeers } from './verbs/peers.ts'
import { addPut } from './verbs/put.ts'
import { addSimulate } from './verbs/simulate.ts'
import { addStart } from './verbs/start.ts'
import { addStatus } from './verbs/status.ts'
import { addStop } from './verbs/stop.ts'
import { addSubmit } from './verbs/submit.ts'
import { addTail } from './verbs/tail.ts'

const everyVerb: readonly AddVerb[] = [
  addInit,
  addGenesis,
  addStart,
  addDevnet,
  addChaos,
  addBench,
  addStatus,
  addPeers,
  addPut,
  addGet,
  addList,
  addSubmit,
  addTail,
  addStop,
  addSimulate,
  addCompletion,
  addLoad
]

const after = `
Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 node not running, 4 node not ready.
The data directory is --data-dir, or NOVACRON_DATA_DIR, or ~/.novacron.
Results go to standard output, progress and errors to standard error.

Example: four daemons on this machine under load, stopped after 20 seconds
  $ novacron devnet --nodes 4 --duration 20s --load 2000`

export function createProgram(needs: VerbNeeds, verbs: readonly AddVerb[] = everyVerb): Command {
  const { io } = needs
  const program = new Command('novacron')
    .description('Run a node, run a local network, talk to a node.')
    .version(softwareVersion)
    .showSuggestionAfterError()
    .helpCommand(true)
    .exitOverride()
    .configureOutput({
      writeOut: text => io.stdout.write(text),
      writeErr: text => io.stderr.write(text),
      outputError: (text, write) => write(`novacron: ${withRemedy(asOneLine(text))}\n`),
      getOutHasColors: () => false,
      getErrHasColors: () => false
    })
    .addHelpText('after', after)
  for (const add of verbs) add(program, needs)
  return program
}

/** Commander suggests what is spelt nearly the same, and nothing otherwise. */
function withRemedy(line: string): string {
  if (!line.startsWith('unknown option') || line.includes('Did you mean')) return line
  return `${line}; options come after the verb, and VERB --help lists them`
}

function asOneLine(text: string): string {
  return text
    .trim()
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
}
