import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { Fault } from '@novacron/base'
import { expect, test } from 'vitest'
import { type ConfigFacts, describeConfigFault } from '../../src/config/config-fault.ts'
import { dataPathsOf } from '../../src/config/data-paths.ts'
import { buildGenesis } from '../../src/config/genesis.ts'
import {
  initNode,
  installGenesis,
  loadNode,
  readGenesis,
  readNodePart,
  writeGenesis
} from '../../src/config/init.ts'
import { valueOrThrow } from '../../src/config/result.ts'
import { temporaryDirectory } from '../store/temporary-directory.ts'
import { genesisOf, request } from './node-parts.ts'

const address = '/ip4/127.0.0.1/tcp/4610'

function faultOf(run: () => unknown): Fault<ConfigFacts> {
  try {
    run()
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  throw new Error('it did not throw')
}

test('several nodes are made, then a genesis of their parts, and each loads what it needs', () => {
  const root = temporaryDirectory()
  const directories = ['node-1', 'node-2'].map(name => join(root, name))
  const parts = directories.map((directory, i) => {
    const made = initNode(directory, { options: { name: `node-${i + 1}` }, addresses: [address] })
    expect(readNodePart(made.paths.nodePart)).toEqual(made.part)
    return made.part
  })
  const genesis = valueOrThrow(buildGenesis(parts, request), 'genesis.json')
  for (const [i, directory] of directories.entries()) {
    installGenesis(directory, genesis)
    const loaded = loadNode(directory)
    expect(loaded.genesis).toEqual(genesis)
    expect(loaded.options.name).toBe(`node-${i + 1}`)
    expect(loaded.keys.peerId).toBe(parts[i]?.peer)
  }
})

test('a data directory is closed to others and holds an empty signed.log', () => {
  const directory = join(temporaryDirectory(), 'deep', 'data')
  initNode(directory, { options: { name: 'a' }, genesis: genesisOf(['b']) })
  const modeOf = (path: string): number => statSync(path).mode & 0o777
  const paths = dataPathsOf(directory)
  expect([directory, paths.keys, paths.logs].map(modeOf)).toEqual([0o700, 0o700, 0o700])
  expect([paths.config, paths.signedLog].map(modeOf)).toEqual([0o600, 0o600])
  expect(statSync(paths.signedLog).size).toBe(16)
  expect(readGenesis(paths.genesis)).toEqual(genesisOf(['b']))
  expect(existsSync(`${paths.config}.new`)).toBe(false)
})

test.each(['config.json', 'keys', 'node.json', 'signed.log', 'genesis.json'])(
  'an existing %s is not overwritten, and nothing else is written',
  name => {
    const directory = temporaryDirectory()
    const path = join(directory, name)
    writeFileSync(path, 'mine')
    const fault = faultOf(() => initNode(directory, { options: { name: 'a' } }))
    expect(fault.facts).toMatchObject({ code: 'file-exists', path })
    expect(readFileSync(path, 'utf8')).toBe('mine')
    for (const other of ['config.json', 'keys', 'signed.log']) {
      if (other !== name) expect(existsSync(join(directory, other)), other).toBe(false)
    }
  }
)

test('wrong options, an open directory or a wrong address are refused', () => {
  const directory = temporaryDirectory()
  expect(faultOf(() => initNode(directory, { options: { name: 'NO' } })).code).toBe('invalid')
  const bad = { options: { name: 'a' }, addresses: ['nowhere'] }
  expect(faultOf(() => initNode(join(directory, 'b'), bad)).code).toBe('invalid')
  chmodSync(directory, 0o755)
  const fault = faultOf(() => initNode(directory, { options: { name: 'a' } }))
  expect(describeConfigFault(fault)).toBe(
    `${directory} has mode 0755, allowed is 0700; run: chmod 0700 ${directory}`
  )
})

test('a genesis that is not valid is not written', () => {
  const path = join(temporaryDirectory(), 'genesis.json')
  const genesis = { ...genesisOf(['a']), chainName: '' }
  expect(faultOf(() => writeGenesis(path, genesis)).code).toBe('invalid')
  expect(existsSync(path)).toBe(false)
})

test('loading says what is missing, unreadable or wrong, and where', () => {
  const directory = temporaryDirectory()
  const paths = dataPathsOf(directory)
  const line = (): string => describeConfigFault(faultOf(() => loadNode(directory)))
  expect(line()).toBe(`${paths.config} is missing; run: novacron init`)
  initNode(directory, { options: { name: 'a' } })
  expect(line()).toContain(`${paths.genesis} is missing; get it from`)
  writeFileSync(paths.genesis, '{')
  expect(line()).toContain(`${paths.genesis} cannot be used (not JSON: `)
  rmSync(paths.genesis)
  installGenesis(directory, genesisOf(['b']))
  writeFileSync(paths.config, '{"name":"a","retention":{"commits":3}}')
  expect(line()).toBe(
    `${paths.config} is not valid: retention.commits is 3, allowed is at least 4000, which the genesis asks of every node; change retention.commits`
  )
  writeFileSync(paths.config, 'x'.repeat(2 * 1024 * 1024))
  expect(line()).toContain('bytes, allowed are')
  rmSync(paths.config)
  mkdirSync(paths.config)
  expect(line()).toContain(`${paths.config} cannot be used (EISDIR)`)
})

test('every fault has a line of its own', () => {
  const base = { path: 'P', remedy: 'R' }
  const describe = (facts: ConfigFacts): string => describeConfigFault(new Fault(facts))
  expect(describe({ code: 'file-exists', ...base })).toBe('P exists already; R')
  expect(describe({ code: 'key-malformed', ...base })).toBe('P holds no key; R')
  expect(describe({ code: 'key-reused', other: 'O', ...base })).toBe('P holds the same key as O; R')
})
