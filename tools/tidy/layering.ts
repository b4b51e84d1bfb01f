import { posix } from 'node:path'
import { importsOf, type SourceFile } from './source-file.ts'

/** What each workspace may import of ours. Imports point down; siblings meet only above. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  'packages/base': [],
  'packages/consensus': ['@novacron/base'],
  'packages/execution': ['@novacron/base'],
  'packages/replica': ['@novacron/base', '@novacron/consensus', '@novacron/execution'],
  'packages/simulator': [
    '@novacron/base',
    '@novacron/consensus',
    '@novacron/execution',
    '@novacron/replica'
  ],
  'packages/transport': ['@novacron/base'],
  'packages/node': [
    '@novacron/base',
    '@novacron/consensus',
    '@novacron/execution',
    '@novacron/replica',
    '@novacron/transport'
  ],
  'packages/hostile-peer': [
    '@novacron/base',
    '@novacron/node',
    '@novacron/replica',
    '@novacron/consensus',
    '@novacron/simulator',
    '@novacron/transport'
  ],
  'apps/daemon': ['@novacron/base', '@novacron/node', '@novacron/simulator', '@novacron/transport']
}

/** Ours that a workspace starts as a process; what they do must never be loaded into it, so it may not import them. */
export const programs: Readonly<Record<string, readonly string[]>> = {
  'apps/daemon': ['@novacron/hostile-peer']
}

/** Each third party has one home; its sources elsewhere must not know it. */
export const homes: readonly { readonly module: RegExp; readonly home: string }[] = [
  { module: /^(libp2p|@libp2p\/.+|@chainsafe\/.+|@multiformats\/.+)$/, home: 'packages/transport' },
  { module: /^it-[a-z-]+$/, home: 'packages/transport' },
  { module: /^(level|classic-level|abstract-level)$/, home: 'packages/node/src/store' },
  { module: /^prom-client$/, home: 'packages/node/src/telemetry' },
  { module: /^(pino|ws|zod)$/, home: 'packages/node' },
  { module: /^commander$/, home: 'apps/daemon' }
]

const testModules = ['vitest', 'vitest/config', 'vite', 'fast-check']

/** `packages/base` of `packages/base/src/codec.ts`; undefined outside the workspaces. */
export function workspaceOf(path: string): string | undefined {
  return /^(packages|apps)\/[^/]+(?=\/)/.exec(path)?.[0]
}

/** `@libp2p/tcp` of `@libp2p/tcp/filters`, `level` of `level/x`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

export function importFaults(file: SourceFile): string[] {
  const workspace = workspaceOf(file.path)
  if (workspace === undefined) return []
  return importsOf(file).flatMap(({ specifier, place }) => {
    const fault = faultOfImport(file.path, workspace, specifier)
    return fault === undefined ? [] : [`${place}: ${specifier}: ${fault}`]
  })
}

function faultOfImport(path: string, workspace: string, specifier: string): string | undefined {
  if (specifier.startsWith('node:')) return undefined
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(path), specifier)
    return target.startsWith(`${workspace}/`) ? undefined : 'leaves its package by a relative path'
  }
  const isSource = path.startsWith(`${workspace}/src/`)
  const module = packageOf(specifier)
  if (module.startsWith('@novacron/')) {
    const own = !isSource && module === `@novacron/${workspace.split('/')[1]}`
    const allowed = layers[workspace]?.includes(module) === true
    return own || allowed ? undefined : `is not below ${workspace}`
  }
  if (!isSource && testModules.includes(specifier)) return undefined
  const home = homes.find(entry => entry.module.test(module))?.home
  if (home === undefined) return 'a third party without a home in tools/tidy/layering.ts'
  const lives = isSource ? path.startsWith(`${home}/`) : home.startsWith(workspace)
  return lives ? undefined : `lives in ${home}`
}

/** The parts of a `package.json` that the rules read. */
export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
}

/** Runtime dependencies: of ours only what lies below, of others only what has its home here, exact versions. */
export function manifestFaults(workspace: string, manifest: Manifest): string[] {
  const allowed = layers[workspace]
  if (allowed === undefined) return [`${workspace}: not in the layers of tools/tidy/layering.ts`]
  return Object.entries(manifest.dependencies ?? {}).flatMap(([name, version]) => {
    const faults: string[] = []
    const home = homes.find(entry => entry.module.test(name))?.home
    if (name.startsWith('@novacron/')) {
      const isBelow = allowed.includes(name) || programs[workspace]?.includes(name) === true
      if (!isBelow) faults.push(`${workspace}: ${name} is not below it`)
    } else if (home === undefined || !`${home}/`.startsWith(`${workspace}/`)) {
      faults.push(`${workspace}: ${name} lives in ${home ?? 'no package yet'}`)
    }
    if (!/^(npm:(@[a-z0-9-]+\/)?[a-z0-9-]+@)?\d+\.\d+\.\d+$/.test(version)) {
      faults.push(`${workspace}: ${name}@${version} is not an exact version`)
    }
    return faults
  })
}
