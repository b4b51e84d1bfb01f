import { describe, expect, test } from 'vitest'
import { docstringFaults, grammarFaults } from './grammar.ts'
import { importFaults, manifestFaults } from './layering.ts'
import { type LockedPackage, lockFaults, nodePackages } from './lock.ts'
import { completeLock, platformOf } from './platform.ts'
import { purityFaults } from './purity.ts'
import {
  fileLinesMax,
  functionLinesMax,
  mainLinesMax,
  medianFaults,
  medianLinesMax,
  sizeFaults
} from './size.ts'
import { parseSource } from './source-file.ts'
import { folderFaults, linkFaults, wordFaults } from './words.ts'

// Each rule with what it must let pass and what it must catch: a check that cannot fail is a defect.

describe('imports', () => {
  test.each([
    ['packages/consensus/src/a.ts', `import { x } from '@novacron/base'`],
    ['packages/consensus/src/dag/a.ts', `import { x } from '../b.ts'`],
    ['packages/consensus/test/a.test.ts', `import { x } from '@novacron/consensus'`],
    ['packages/consensus/test/a.test.ts', `import { test } from 'vitest'`],
    ['packages/transport/src/a.ts', `import { tcp } from '@libp2p/tcp/filters'`],
    ['packages/node/src/a.ts', `import { createHash } from 'node:crypto'`],
    ['packages/node/src/store/a.ts', `import { Level } from 'level'`],
    ['packages/node/test/a.test.ts', `import { Level } from 'level'`],
    ['apps/daemon/src/a.ts', `export * from '@novacron/node'`],
    ['tools/a.ts', `import { parseSync } from 'vite'`]
  ])('in %s pass: %s', (path, text) => {
    expect(importFaults(parseSource(path, text))).toEqual([])
  })

  test.each([
    ['packages/base/src/a.ts', `import { x } from '@novacron/consensus'`, 'is not below'],
    ['packages/base/src/a.ts', `import { x } from '@novacron/base'`, 'is not below'],
    ['packages/consensus/src/a.ts', `import type { X } from '@novacron/execution'`, 'not below'],
    ['packages/replica/src/a.ts', `export * from '@novacron/simulator'`, 'is not below'],
    ['packages/node/src/a.ts', `const x = import('@novacron/simulator')`, 'is not below'],
    ['apps/daemon/src/a.ts', `import { x } from '@novacron/hostile-peer'`, 'is not below'],
    ['packages/base/src/a.ts', `import { x } from '../../consensus/src/x.ts'`, 'relative path'],
    ['packages/consensus/test/a.ts', `import { x } from '../../base/test/x.ts'`, 'relative path'],
    ['packages/node/src/a.ts', `import { Level } from 'level'`, 'lives in packages/node/src/store'],
    [
      'packages/node/src/a.ts',
      `import { createLibp2p } from 'libp2p'`,
      'lives in packages/transport'
    ],
    ['packages/transport/test/a.ts', `import { Level } from 'level'`, 'lives in packages/node'],
    ['packages/base/src/a.ts', `import _ from 'lodash'`, 'without a home'],
    ['packages/base/src/a.ts', `import { test } from 'vitest'`, 'without a home']
  ])('in %s are caught: %s', (path, text, fault) => {
    expect(importFaults(parseSource(path, `\n${text}`))).toEqual([
      expect.stringMatching(new RegExp(`^${path}:2: .*${fault}`))
    ])
  })
})

describe('manifests', () => {
  test.each([
    ['packages/base', {}],
    ['packages/replica', { '@novacron/base': '0.1.0', '@novacron/execution': '0.1.0' }],
    ['packages/node', { level: '10.0.0', pino: '10.4.0' }],
    ['apps/daemon', { '@novacron/hostile-peer': '0.1.0' }],
    ['packages/transport', { '@chainsafe/libp2p-noise': 'npm:@libp2p/noise@17.0.3' }]
  ])('of %s pass with %o', (workspace, dependencies) => {
    expect(manifestFaults(workspace, { dependencies })).toEqual([])
  })

  test.each([
    ['packages/consensus', { '@novacron/execution': '0.1.0' }, 'is not below it'],
    ['packages/node', { libp2p: '3.3.11' }, 'lives in packages/transport'],
    ['packages/no', { libp2p: '3.3.11' }, 'not in the layers'],
    ['packages/base', { lodash: '4.0.0' }, 'lives in no package yet'],
    ['packages/node', { level: '^10.0.0' }, 'is not an exact version'],
    ['packages/node', { level: 'latest' }, 'is not an exact version']
  ])('of %s are caught with %o', (workspace, dependencies, fault) => {
    expect(manifestFaults(workspace, { dependencies })).toEqual([expect.stringContaining(fault)])
  })

  test('without dependencies pass', () => {
    expect(manifestFaults('packages/base', {})).toEqual([])
  })
})

describe('purity', () => {
  const inBase = (text: string) => purityFaults(parseSource('packages/base/src/a.ts', text))

  test.each([
    `const step = 1`,
    `const hour = event.Date`,
    `interface Facts { fetch(digest: string): void }`,
    `class Store { async: boolean = true; performance = 1 }`,
    `const effect = { process: 1 }`,
    `// Date.now() would not be pure\nconst text = 'Math.random()'`,
    `const larger = Math.max(1, 2)`,
    `for (const x of [1]) x.toString()`
  ])('lets pass: %s', text => {
    expect(inBase(text)).toEqual([])
  })

  test.each([
    [`const now = Date.now()`, 'Date'],
    [`const now = new Date()`, 'Date'],
    [`const chance = Math.random()`, 'Math.random'],
    [`async function run() {}`, 'async function'],
    [`const run = async () => {}`, 'async function'],
    [`class A { async run() {} }`, 'async function'],
    [`await ready`, 'await'],
    [`for await (const x of xs) x()`, 'for await'],
    [`let later: Promise<void>`, 'Promise'],
    [`const all = { Promise }`, 'Promise'],
    [`const x = table[Date]`, 'Date'],
    [`setTimeout(step, 1)`, 'setTimeout'],
    [`globalThis.crypto`, 'globalThis'],
    [`const text = (1).toLocaleString()`, 'toLocaleString'],
    [`import { createHash } from 'node:crypto'`, 'node:crypto']
  ])('catches: %s', (text, fault) => {
    expect(inBase(`\n${text}`)).toContain(`packages/base/src/a.ts:2: ${fault}`)
  })

  test('is not asked of tests, nor of the packages that do IO', () => {
    for (const path of ['packages/base/test/a.ts', 'packages/node/src/a.ts']) {
      expect(purityFaults(parseSource(path, 'await Date.now()'))).toEqual([])
    }
  })
})

describe('size', () => {
  const lines = (count: number) => 'x()\n'.repeat(count)
  const functionOf = (count: number) => `const f = () => {\n${lines(count - 2)}}\n`
  const faultsAt = (path: string, text: string) => sizeFaults(parseSource(path, text))

  test.each([
    ['tools/a.ts', fileLinesMax],
    ['apps/daemon/src/main.ts', mainLinesMax]
  ])('%s at its limit of %i lines passes, one line more is caught', (path, linesMax) => {
    expect(faultsAt(path, lines(linesMax))).toEqual([])
    expect(faultsAt(path, lines(linesMax + 1))).toEqual([
      `${path}: ${linesMax + 1} lines, at most ${linesMax}`
    ])
  })

  test.each([
    (count: number) => functionOf(count),
    (count: number) => `function f() {\n${lines(count - 2)}}\n`,
    (count: number) => `class A {\nf() {\n${lines(count - 2)}}\n}\n`
  ])('a function at the limit passes, one line more is caught (%#)', make => {
    expect(faultsAt('packages/base/src/a.ts', make(functionLinesMax))).toEqual([])
    expect(faultsAt('packages/base/src/a.ts', make(functionLinesMax + 1))).toEqual([
      expect.stringContaining(`a function of ${functionLinesMax + 1} lines`)
    ])
  })

  test.each(['packages/base/test/a.ts', 'tools/a.test.ts'])('functions in %s may be long', path => {
    expect(faultsAt(path, functionOf(functionLinesMax + 1))).toEqual([])
  })

  test('the median file is short', () => {
    const files = (...counts: number[]) =>
      counts.map(count => parseSource('tools/a.ts', lines(count)))
    expect(medianFaults(files(1, medianLinesMax, 499))).toEqual([])
    expect(medianFaults(files(1, medianLinesMax + 1, 499))).toHaveLength(1)
    expect(medianFaults([])).toEqual([])
  })
})

describe('grammar', () => {
  const faultsAt = (path: string, text: string) => grammarFaults(parseSource(path, text))

  test.each([
    [`export const roles = ['a'] as const`],
    [`export { x } from './x.ts'`],
    [`declare const brand: unique symbol`],
    [`declare global { interface Window { x: number } }`],
    [`class A { readonly x: number; constructor(x: number) { this.x = x } }`]
  ])('lets pass: %s', text => {
    expect(faultsAt('tools/a.ts', text)).toEqual([])
  })

  test.each([
    [`enum Role { A }`, 'enum'],
    [`namespace Role { export const a = 1 }`, 'namespace'],
    [`class A { constructor(private x: number) {} }`, 'parameter property'],
    [`export default 1`, 'default export']
  ])('catches: %s', (text, fault) => {
    expect(faultsAt('tools/a.ts', text)).toEqual([`tools/a.ts:1: ${fault}`])
  })

  test('configuration files may export a default, declaration files a namespace', () => {
    expect(faultsAt('vitest.config.ts', 'export default 1')).toEqual([])
    expect(faultsAt('packages/a/src/a.d.ts', 'declare global { namespace NodeJS {} }')).toEqual([])
  })
})

describe('docstrings', () => {
  const faultsOf = (text: string) => docstringFaults(parseSource('packages/base/src/a.ts', text))

  test.each([
    `/** What it is. */\nexport class A {}`,
    `/** What it is. */\nexport interface GossipOptions {}`,
    `export interface GossipOptions {\n  /** Peers. */\n  fanout: number\n  /** Time. */\n  intervalMs: number\n}`,
    `export interface Facts {}`,
    `class Hidden {}`,
    `export function run(): void {}`,
    `export const a = 1`
  ])('let pass: %s', text => {
    expect(faultsOf(text)).toEqual([])
  })

  test.each([
    [`export class A {}`, 'A'],
    [`/** Of another thing. */\nconst x = 1\nexport class A {}`, 'A'],
    [`// Not a docstring.\nexport class A {}`, 'A'],
    [`export interface GossipOptions {}`, 'GossipOptions'],
    [
      `export interface GossipOptions {\n/** Peers. */\nfanout: number\nmax: number }`,
      'GossipOptions'
    ],
    [`export class A {\n/** Peers. */\nfanout = 1 }`, 'A']
  ])('catch: %s', (text, name) => {
    expect(faultsOf(text)).toEqual([expect.stringContaining(`${name} has no docstring`)])
  })
})

describe('words', () => {
  const joined = (...parts: string[]) => parts.join('')

  test.each([
    'do this first, then that',
    'const onlyOnce = items.only',
    'mkdtemp(novacron-XXXXXX)',
    'the working directory ./work/tmp and ~/work/x',
    'curl --unix-socket /tmp/nova/control.sock',
    'stubborn peers',
    'see https://host.example/home/page'
  ])('let pass: %s', text => {
    expect(wordFaults('docs/a.md', text)).toEqual([])
  })

  test.each([
    joined('// TO', 'DO: later'),
    joined('FIX', 'ME'),
    joined('a HA', 'CK'),
    joined('XX', 'X'),
    joined('good enough For ', 'now'),
    joined('a place', 'holder value'),
    joined('a stu', 'b'),
    joined('not yet imple', 'mented'),
    joined('it.on', "ly('x')"),
    joined('describe.sk', "ip('x')"),
    joined('test.to', "do('x')"),
    joined('test.concurrent.on', "ly('x')"),
    joined('// @ts-', 'ignore'),
    joined('in /ho', 'me/someone/code'),
    joined('(/wo', 'rk/main)'),
    joined('C:\\Us', 'ers\\someone')
  ])('catch: %s', text => {
    expect(wordFaults('docs/a.md', `fine\n${text}`)).toEqual([
      expect.stringMatching(/^docs\/a\.md:2: "/)
    ])
  })

  test('folders have a subject', () => {
    expect(folderFaults('packages/base/src/codec.ts')).toEqual([])
    for (const folder of ['utils', 'helpers', 'common', 'misc']) {
      expect(folderFaults(`packages/base/src/${folder}/codec.ts`)).toHaveLength(1)
    }
  })

  test('links lead to files', () => {
    const exists = (path: string) => path === 'docs/b.md'
    const page =
      '[b](b.md) [b](./b.md#part) [b](../docs/b.md "title") [web](https://x.example) [h](#h)'
    expect(linkFaults('docs/a.md', page, exists)).toEqual([])
    expect(linkFaults('docs/a.md', '[c](c.md)\n[b](../b.md)', exists)).toHaveLength(2)
  })
})

describe('the lock file', () => {
  const locked: LockedPackage = { version: '1.0.0', integrity: 'sha512-x' }
  const whole = Object.fromEntries(nodePackages.map(name => [`node_modules/${name}`, locked]))
  const faultsWith = (packages: Record<string, LockedPackage>) =>
    lockFaults({ packages: { '': {}, ...whole, ...packages } })
  const tool = { ...locked, dev: true, optionalDependencies: { '@t/linux-x64': '1.0.0' } }

  test('passes when it is whole', () => {
    expect(
      faultsWith({
        'packages/base': { version: '0.1.0' },
        'node_modules/@novacron/base': { resolved: 'packages/base', link: true },
        'node_modules/classic-level': { ...locked, hasInstallScript: true },
        'node_modules/a/node_modules/b': locked,
        'node_modules/t': tool,
        'node_modules/t/node_modules/@t/linux-x64': locked,
        'node_modules/@t/darwin-arm64': { version: '1.0.0', ...platformOf('@t/darwin-arm64') }
      })
    ).toEqual([])
  })

  test.each([
    ['a host', { ...locked, resolved: 'https://registry.example/a.tgz' }, 'names a host'],
    ['an install script', { ...locked, hasInstallScript: true }, 'runs a script'],
    ['no integrity', { version: '1.0.0' }, 'no integrity'],
    ['no integrity on x64', { version: '1.0.0', ...platformOf('a-linux-x64') }, 'no integrity'],
    ['a tool without its platform', tool, '@t/linux-x64 is missing']
  ])('%s is caught', (_, entry, fault) => {
    expect(faultsWith({ 'node_modules/a': entry })).toEqual([expect.stringContaining(fault)])
  })

  test('misses the Node that should come along', () => {
    expect(lockFaults({ packages: {} })).toEqual(nodePackages.map(name => `${name} is missing`))
  })

  test('is completed with what the registry did not offer, and not changed otherwise', () => {
    const lock = { packages: { '': {}, 'node_modules/t': tool, 'node_modules/z': locked } }
    expect(completeLock(lock)).toEqual({
      packages: {
        ...lock.packages,
        'node_modules/@t/linux-x64': {
          version: '1.0.0',
          os: ['linux'],
          cpu: ['x64'],
          libc: ['glibc'],
          dev: true,
          optional: true
        }
      }
    })
    expect(completeLock(completeLock(lock))).toEqual(completeLock(lock))
  })

  test.each([
    ['@turbo/darwin-64', { os: ['darwin'], cpu: ['x64'] }],
    ['@turbo/windows-arm64', { os: ['win32'], cpu: ['arm64'] }],
    ['@biomejs/cli-linux-arm64-musl', { os: ['linux'], cpu: ['arm64'], libc: ['musl'] }],
    ['@a/binding-linux-arm-gnueabihf', { os: ['linux'], cpu: ['arm'], libc: ['glibc'] }],
    ['@a/binding-win32-ia32-msvc', { os: ['win32'], cpu: ['ia32'] }]
  ])('knows the platform of %s', (name, platform) => {
    expect(platformOf(name)).toEqual(platform)
  })

  test('does not guess a platform', () => {
    expect(() => platformOf('left-pad')).toThrow('no platform in its name')
  })
})
