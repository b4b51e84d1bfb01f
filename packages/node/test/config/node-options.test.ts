import { expect, test } from 'vitest'
import {
  checkNodeOptions,
  defaultNodeOptions,
  parseNodeOptions
} from '../../src/config/node-options.ts'
import { describeProblem } from '../../src/config/problem.ts'
import { valueOrThrow } from '../../src/config/result.ts'
import { fixedKeys, genesisOf } from './node-parts.ts'

function problemsOf(json: unknown): string[] {
  const result = parseNodeOptions(json)
  return result.type === 'ok' ? [] : result.problems.map(describeProblem)
}

test('a name is enough, and the rest has defaults', () => {
  expect(parseNodeOptions({ name: 'node-1' })).toEqual({
    type: 'ok',
    value: { name: 'node-1', ...defaultNodeOptions }
  })
})

test('the defaults are valid when they are written out', () => {
  const written = { name: 'node-1', ...defaultNodeOptions }
  expect(parseNodeOptions(JSON.parse(JSON.stringify(written)))).toEqual({
    type: 'ok',
    value: written
  })
})

test('a full configuration is taken as it is', () => {
  const { peerId } = fixedKeys('a')
  const full = {
    name: 'observer-1',
    listen: ['/ip6/::/tcp/0'],
    announce: ['/dns4/node.example.org/tcp/4610'],
    upstreams: [{ peer: peerId, addresses: ['/ip4/10.0.0.1/tcp/4610'] }],
    network: { tier: 'wan', direct: false, encryption: ['noise'] },
    discovery: { bootstrap: [`/dns/a.example.org/tcp/1/p2p/${peerId}`], mdns: true },
    api: {
      socketDirectory: '/run/novacron',
      tcp: { host: '127.0.0.1', port: 0, jwtSecretFile: 'jwt.hex' }
    },
    metrics: { host: '0.0.0.0', port: null },
    log: { level: 'debug', destination: 'file' },
    retention: { commits: 1, bytes: 1_048_576 },
    limits: { ...defaultNodeOptions.limits, diskBytes: 16 * 1_048_576 }
  }
  expect(parseNodeOptions(full)).toEqual({ type: 'ok', value: full })
})

const named = { name: 'node-1' }

test.each([
  {
    name: 'no name',
    json: {},
    problem: 'name is missing, allowed is 1 to 63 of a-z, 0-9 and -, not starting with -; add name'
  },
  {
    name: 'an unknown key near a known one',
    json: { ...named, metrics: { prt: 1 } },
    problem:
      'metrics.prt is an unknown key, allowed is one of host, port; did you mean metrics.port?'
  },
  {
    name: 'an unknown key near none',
    json: { ...named, log: { colour: 1 } },
    problem: 'log.colour is an unknown key, allowed is one of level, destination; remove log.colour'
  },
  {
    name: 'an unknown key inside a list',
    json: { ...named, upstreams: [{ peer: fixedKeys('a').peerId, addreses: [] }] },
    problem:
      'upstreams.0.addreses is an unknown key, allowed is one of peer, addresses; did you mean upstreams.0.addresses?'
  },
  {
    name: 'a port beyond the last',
    json: { ...named, metrics: { port: 65_536 } },
    problem:
      'metrics.port is 65536, allowed is an integer from 0 to 65535, or null; change metrics.port'
  },
  {
    name: 'an API on all interfaces',
    json: { ...named, api: { tcp: { host: '0.0.0.0', port: 1, jwtSecretFile: 'x' } } },
    problem:
      'api.tcp.host is "0.0.0.0", allowed is a loopback address: 127.0.0.1, ::1 or localhost; change api.tcp.host'
  },
  {
    name: 'a level that is none',
    json: { ...named, log: { level: 'loud' } },
    problem:
      'log.level is "loud", allowed is trace | debug | info | warn | error | fatal | silent; change log.level'
  },
  {
    name: 'a listen address that is a name',
    json: { ...named, listen: ['/dns4/a/tcp/1'] },
    problem:
      'listen.0 is "/dns4/a/tcp/1", allowed is /ip4/HOST/tcp/PORT (or ip6), without /p2p; change listen.0'
  },
  {
    name: 'a bootstrap address without a peer',
    json: { ...named, discovery: { bootstrap: ['/ip4/1.2.3.4/tcp/1'] } },
    problem:
      'discovery.bootstrap.0 is "/ip4/1.2.3.4/tcp/1", allowed is /ip4/HOST/tcp/PORT/p2p/PEER (or ip6, dns…), port from 1; change discovery.bootstrap.0'
  },
  {
    name: 'a list in place of an object',
    json: { ...named, limits: [] },
    problem: 'limits is a list of 0, allowed is an object; change limits'
  },
  {
    name: 'an object in place of a number',
    json: { ...named, retention: { commits: {} } },
    problem:
      'retention.commits is an object, allowed is an integer from 1 to 1000000000; change retention.commits'
  },
  {
    name: 'a very long value',
    json: { name: 'x'.repeat(500) },
    problem: `name is "${'x'.repeat(79)}…, allowed is 1 to 63 of a-z, 0-9 and -, not starting with -; change name`
  },
  {
    name: 'not an object',
    json: 7,
    problem: 'the whole is 7, allowed is an object; change the whole'
  }
])('$name gets one clear line', ({ json, problem }) => {
  expect(problemsOf(json)).toContain(problem)
})

test('all errors come at once and valueOrThrow carries them with the file', () => {
  const result = parseNodeOptions({ nam: 'x', metrics: { port: -1 }, log: { level: 1 } })
  expect(() => valueOrThrow(result, 'config.json')).toThrow(
    expect.objectContaining({
      facts: {
        code: 'invalid',
        path: 'config.json',
        problems: [
          expect.stringContaining('name is missing'),
          expect.stringContaining('metrics.port'),
          expect.stringContaining('log.level'),
          expect.stringContaining('did you mean name?')
        ]
      }
    })
  )
})

test('rules between a node and its chain', () => {
  const genesis = genesisOf(['a', 'b'])
  const { peerId } = fixedKeys('a')
  const good = { name: 'a', ...defaultNodeOptions }
  const keys = (changes: object, self = peerId): string[] =>
    checkNodeOptions({ ...good, ...changes }, genesis, self).map(({ key }) => key)
  expect(keys({})).toEqual([])
  expect(keys({ retention: { commits: 3_999, bytes: 1 } })).toEqual(['retention.commits'])
  expect(keys({ retention: { commits: 4_000, bytes: 1 } })).toEqual([])
  expect(keys({ name: 'b' })).toEqual(['name'])
  expect(keys({ listen: [] })).toEqual(['listen'])
  expect(keys({ upstreams: [{ peer: peerId, addresses: [] }] })).toEqual(['upstreams.0.peer'])
  const observer = fixedKeys('observer').peerId
  expect(keys({ name: 'anything', listen: [] }, observer)).toEqual([])
})
