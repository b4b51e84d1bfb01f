import { hostname } from 'node:os'
import { type InitRequest, initNode, parseNodeOptions, readGenesis } from '@novacron/node'
import { flagFault } from '../flag-problems.ts'
import { type ExitCode, exitCodes, type Io, writeJson } from '../io.ts'
import { dataDirectory, several } from '../settings.ts'
import { type AddVerb, addExamples } from '../verb.ts'

interface InitOptions {
  readonly dataDir?: string
  readonly genesis?: string
  readonly name?: string
  readonly listen?: readonly string[]
  readonly announce?: readonly string[]
  readonly json?: boolean
}

export const addInit: AddVerb = (program, { io, exit }) => {
  const command = program
    .command('init')
    .description('Make a data directory: keys (0600), config.json, node.json; overwrites nothing.')
    .option('--data-dir <dir>', 'directory to make')
    .option('--genesis <file>', 'genesis of the chain to join')
    .option('--name <name>', 'name of the node: 1 to 63 of a-z, 0-9 and - (default: of this host)')
    .option('--listen <multiaddr>', 'address to listen on; may be given several times', several)
    .option(
      '--announce <multiaddr>',
      'address to tell others instead; may be given several times',
      several
    )
    .option('--json', 'print JSON')
    .action((options: InitOptions) => exit(init(options, io)))
  addExamples(
    command,
    'novacron init --name alpha --announce /ip4/192.0.2.10/tcp/4610',
    'novacron init --data-dir ./alpha --genesis genesis.json'
  )
}

function init(options: InitOptions, io: Io): ExitCode {
  const { listen, announce } = options
  const directory = dataDirectory(options.dataDir, io)
  const genesis = options.genesis === undefined ? undefined : readGenesis(options.genesis)
  const addresses = announce ?? (listen ?? []).filter(isReachable)
  const config: InitRequest['options'] = {
    name: options.name ?? nameOfHost(),
    ...(listen === undefined ? {} : { listen }),
    ...(announce === undefined ? {} : { announce })
  }
  const checked = parseNodeOptions(config)
  if (checked.type === 'invalid') {
    const fault = flagFault(checked.problems, key => `--${key.split('.')[0]}`)
    if (fault !== undefined) throw fault
  }
  const { part, paths } = initNode(directory, {
    options: config,
    addresses,
    ...(genesis === undefined ? {} : { genesis })
  })
  if (options.json === true) {
    writeJson(io, { name: part.name, peer: part.peer, directory, nodePart: paths.nodePart })
  } else {
    io.stdout.write(`${part.name} (${part.peer}) is ready in ${directory}\n`)
    if (genesis === undefined) {
      io.stdout.write(`Its public part for a genesis is ${paths.nodePart}\n`)
    }
  }
  const isMember = genesis === undefined || genesis.members.some(({ peer }) => peer === part.peer)
  if (addresses.length === 0 && isMember) {
    io.stderr.write(
      `novacron: ${paths.nodePart} names no address, so nobody can dial this node; give --announce\n`
    )
  }
  return exitCodes.ok
}

/** Others can dial a listening address that names one host and one port. */
function isReachable(address: string): boolean {
  return !/^\/(ip4\/0\.0\.0\.0|ip6\/::)\//.test(address) && !address.endsWith('/tcp/0')
}

function nameOfHost(): string {
  const name = (hostname().split('.')[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .replace(/^-+/, '')
    .slice(0, 63)
  return name === '' ? 'node' : name
}
