import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { run } from '../../src/run.ts'
import { captureIo } from '../capture-io.ts'
import { testDirectory } from '../test-directory.ts'

async function novacron(...argv: readonly string[]) {
  const io = captureIo()
  const exitCode = await run(argv, io)
  return { exitCode, out: io.stdout.text, err: io.stderr.text }
}

/** Directories of fresh nodes and the paths of their public parts. */
async function initNodes(...names: readonly string[]) {
  const root = testDirectory()
  for (const name of names) {
    const address = `/ip4/127.0.0.1/tcp/${4_000 + names.indexOf(name)}`
    const made = await novacron(
      'init',
      '--data-dir',
      join(root, name),
      '--name',
      name,
      '--listen',
      address
    )
    expect(made).toMatchObject({ exitCode: 0, err: '' })
  }
  return { root, parts: names.map(name => join(root, name, 'node.json')) }
}

const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'))

describe('init', () => {
  test('makes keys that only their owner reads, and a configuration', async () => {
    const { root } = await initNodes('alpha')
    const directory = join(root, 'alpha')
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    for (const use of ['peer', 'consensus', 'vrf']) {
      expect(statSync(join(directory, 'keys', `${use}.key`)).mode & 0o777).toBe(0o600)
    }
    expect(readJson(join(directory, 'config.json'))).toEqual({
      name: 'alpha',
      listen: ['/ip4/127.0.0.1/tcp/4000']
    })
    expect(readJson(join(directory, 'node.json')).addresses).toEqual(['/ip4/127.0.0.1/tcp/4000'])
  })

  test('overwrites nothing', async () => {
    const { root } = await initNodes('alpha')
    const directory = join(root, 'alpha')
    const before = readFileSync(join(directory, 'keys', 'peer.key'), 'utf8')
    const again = await novacron('init', '--data-dir', directory, '--name', 'alpha')
    expect(again).toMatchObject({ exitCode: 1, out: '' })
    expect(again.err).toBe(
      `novacron: ${directory}/config.json exists already; nothing was changed: choose another directory, or move it away\n`
    )
    expect(readFileSync(join(directory, 'keys', 'peer.key'), 'utf8')).toBe(before)
  })

  test('takes the name of the host when none is given, and warns of a node that nobody can dial', async () => {
    const directory = join(testDirectory(), 'd')
    const made = await novacron('init', '--data-dir', directory, '--json')
    expect(made.exitCode).toBe(0)
    const { name, peer } = JSON.parse(made.out)
    expect(readJson(join(directory, 'node.json'))).toMatchObject({ name, peer, addresses: [] })
    expect(made.err).toBe(
      `novacron: ${directory}/node.json names no address, so nobody can dial this node; give --announce\n`
    )
  })

  test('tells others what --announce says, never an address that names no host or port', async () => {
    const root = testDirectory()
    const announced = '/dns4/alpha.example/tcp/4610'
    await novacron(
      'init',
      '--data-dir',
      join(root, 'a'),
      '--name',
      'a',
      '--listen',
      '/ip4/0.0.0.0/tcp/4610',
      '--announce',
      announced
    )
    expect(readJson(join(root, 'a', 'node.json')).addresses).toEqual([announced])
    const listen = ['/ip4/0.0.0.0/tcp/4610', '/ip6/::/tcp/4610', '/ip4/127.0.0.1/tcp/0']
    const flags = listen.flatMap(address => ['--listen', address])
    const second = await novacron('init', '--data-dir', join(root, 'b'), '--name', 'b', ...flags)
    expect(second.exitCode).toBe(0)
    expect(readJson(join(root, 'b', 'node.json')).addresses).toEqual([])
  })

  test.each([
    {
      flags: ['--name', 'Bad_Name'],
      line: /--name is "Bad_Name", allowed is 1 to 63 of a-z, 0-9 and -/
    },
    {
      flags: ['--name', 'a', '--listen', 'localhost:1'],
      line: /--listen is "localhost:1", allowed is \/ip4\/HOST\/tcp\/PORT/
    },
    {
      flags: ['--name', 'a', '--announce', '/ip4/10.0.0.1/tcp/0'],
      line: /--announce is "\/ip4\/10.0.0.1\/tcp\/0", allowed is /
    }
  ])('refuses $flags in one line and leaves nothing behind', async ({ flags, line }) => {
    const directory = join(testDirectory(), 'd')
    const { exitCode, err } = await novacron('init', '--data-dir', directory, ...flags)
    expect(exitCode).toBe(2)
    expect(err).toMatch(line)
    expect(err.trimEnd()).not.toContain('\n')
    expect(() => statSync(directory)).toThrow('ENOENT')
  })

  test('says of each flag that is wrong what is allowed', async () => {
    const directory = join(testDirectory(), 'd')
    const flags = ['--name', 'Bad', '--listen', 'x']
    const { exitCode, err } = await novacron('init', '--data-dir', directory, ...flags)
    expect(exitCode).toBe(2)
    expect(err).toMatch(
      /^novacron: options are not valid:\n {2}--name is "Bad", .*\n {2}--listen is "x", .*\n$/
    )
  })

  test('into a place where nothing can be made says so in one line', async () => {
    const file = join(testDirectory(), 'file')
    writeFileSync(file, '')
    for (const directory of [join(file, 'x'), file]) {
      const { exitCode, err } = await novacron('init', '--data-dir', directory, '--name', 'a')
      expect(exitCode).toBe(1)
      expect(err).toMatch(/^novacron: .* cannot be written \(.*\); choose another path\n$/)
    }
  })

  test('installs a genesis', async () => {
    const { root, parts } = await initNodes('alpha', 'beta')
    const genesis = join(root, 'genesis.json')
    await novacron('genesis', '--node', ...parts, '--out', genesis)
    const observer = join(root, 'observer')
    const flags = ['--name', 'observer', '--genesis', genesis]
    const made = await novacron('init', '--data-dir', observer, ...flags)
    // Nobody needs to dial an observer.
    expect(made.err).toBe('')
    expect(readJson(join(observer, 'genesis.json'))).toEqual(readJson(genesis))
  })

  test('refuses a genesis that is not one', async () => {
    const directory = testDirectory()
    const file = join(directory, 'genesis.json')
    writeFileSync(file, '{"format":1')
    const refused = await novacron('init', '--data-dir', join(directory, 'd'), '--genesis', file)
    expect(refused.exitCode).toBe(1)
    expect(refused.err).toContain(`${file} cannot be used (not JSON`)
  })
})

describe('genesis', () => {
  test('names the members in the order of their names, with weights, options and operators', async () => {
    const { root, parts } = await initNodes('beta', 'alpha')
    const out = join(root, 'genesis.json')
    const made = await novacron(
      'genesis',
      ...['--node', ...parts, '--out', out, '--chain-name', 'test', '--weight', 'alpha=3'],
      ...['--set', 'checkpointIntervalCommits=10', '--set', 'protocol=bullshark'],
      ...['--operator-key', 'aa'.repeat(32), '--operator-key', 'bb'.repeat(32)]
    )
    expect(made).toEqual({
      exitCode: 0,
      out: `${out}: chain test with 2 members: alpha, beta\n`,
      err: ''
    })
    const genesis = readJson(out)
    const members = genesis.members.map(({ name, weight }: { name: string; weight: number }) => [
      name,
      weight
    ])
    expect(members).toEqual([
      ['alpha', 3],
      ['beta', 1]
    ])
    expect(genesis.cluster.checkpointIntervalCommits).toBe(10)
    expect(genesis.operators).toMatchObject({ threshold: 2 })
  })

  test('as JSON, and with a threshold that is given', async () => {
    const { root, parts } = await initNodes('a')
    const out = join(root, 'g.json')
    const flags = ['--operator-key', 'aa'.repeat(32), '--operator-threshold', '1', '--json']
    const made = await novacron('genesis', '--node', ...parts, '--out', out, ...flags)
    expect(JSON.parse(made.out)).toEqual({ chainName: 'novacron', members: ['a'], out })
  })

  test.each([
    {
      flags: ['--weight', 'alpa=2'],
      exitCode: 2,
      line: '--weight names alpa, allowed is one of alpha; did you mean alpha?'
    },
    {
      flags: ['--weight', 'zzzzzzzz=2'],
      exitCode: 2,
      line: '--weight names zzzzzzzz, allowed is one of alpha'
    },
    { flags: ['--set', 'sessionMax=2'], exitCode: 2, line: 'did you mean sessionsMax?' },
    {
      flags: ['--set', 'sessionsMax=0'],
      exitCode: 2,
      line: '--set sessionsMax is 0, allowed is an integer from 1 to 1048576'
    },
    {
      flags: ['--weight', 'alpha=much'],
      exitCode: 2,
      line: '--weight alpha is "much", allowed is an integer from 1'
    },
    {
      flags: ['--operator-key', 'ab'.repeat(32), '--operator-threshold', '2'],
      exitCode: 2,
      line: '--operator-threshold is 2, allowed is an integer from 1 to 1'
    },
    {
      flags: ['--chain-name', 'No'],
      exitCode: 2,
      line: '--chain-name is "No", allowed is 1 to 63'
    },
    {
      flags: ['--operator-key', 'xyz'],
      exitCode: 2,
      line: '--operator-key is "xyz", allowed is 64 lowercase hex digits'
    }
  ])('refuses $flags', async ({ flags, exitCode, line }) => {
    const { root, parts } = await initNodes('alpha')
    const out = join(root, 'genesis.json')
    const refused = await novacron('genesis', '--node', ...parts, '--out', out, ...flags)
    expect(refused.exitCode).toBe(exitCode)
    expect(refused.err).toContain(line)
    expect(refused.err.trimEnd()).not.toContain('\n')
    expect(() => statSync(out)).toThrow('ENOENT')
  })

  test('with one part twice blames the parts and no option', async () => {
    const { root, parts } = await initNodes('alpha')
    const out = join(root, 'g.json')
    const refused = await novacron('genesis', '--node', ...parts, ...parts, '--out', out)
    expect(refused.exitCode).toBe(1)
    expect(refused.err).toContain(`${out} is not valid:\n  members.1.name is "alpha"`)
  })

  test('warns of a member that nobody can dial', async () => {
    const { root, parts } = await initNodes('alpha')
    await novacron('init', '--data-dir', join(root, 'mute'), '--name', 'mute')
    const mute = join(root, 'mute', 'node.json')
    const argv = ['--node', ...parts, mute, '--out', join(root, 'g.json')]
    const made = await novacron('genesis', ...argv)
    expect(made.exitCode).toBe(0)
    expect(made.err).toMatch(/^novacron: nobody can dial mute: no address in node.json; .*\n$/)
  })

  test('into a directory that is not there says so in one line', async () => {
    const { root, parts } = await initNodes('alpha')
    const out = join(root, 'none', 'g.json')
    const refused = await novacron('genesis', '--node', ...parts, '--out', out)
    expect(refused).toMatchObject({ exitCode: 1, out: '' })
    expect(refused.err).toBe(
      `novacron: ${out} cannot be written (its directory is not there, ENOENT); make the directory, or choose another path\n`
    )
  })

  test('overwrites nothing, and needs every part', async () => {
    const { root, parts } = await initNodes('alpha')
    const out = join(root, 'genesis.json')
    await novacron('genesis', '--node', ...parts, '--out', out)
    expect((await novacron('genesis', '--node', ...parts, '--out', out)).err).toContain(
      'exists already; nothing was changed: choose another name, or move it away'
    )
    const missing = join(root, 'no.json')
    const refused = await novacron('genesis', '--node', missing, '--out', join(root, 'x'))
    expect(refused.err).toBe(`novacron: ${missing} is missing; run: novacron init\n`)
  })
})
