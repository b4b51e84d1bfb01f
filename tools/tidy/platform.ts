import { type Lock, type LockedPackage, missingPlatforms } from './lock.ts'

const systems: Readonly<Record<string, string>> = { windows: 'win32' }
const processors: Readonly<Record<string, string>> = { '64': 'x64' }

/** What a platform package says about itself, read from the end of its name: `...-linux-arm64-musl`. */
export function platformOf(name: string): Pick<LockedPackage, 'os' | 'cpu' | 'libc'> {
  const found =
    /(android|darwin|freebsd|linux|openharmony|win32|windows)-([a-z0-9]+)(?:-(\w+))?$/.exec(name)
  if (found === null) throw new Error(`${name}: no platform in its name`)
  const [, system = '', processor = '', abi = ''] = found
  const libc = system !== 'linux' ? [] : abi.startsWith('musl') ? ['musl'] : ['glibc']
  return {
    cpu: [processors[processor] ?? processor],
    os: [systems[system] ?? system],
    ...(libc.length > 0 && { libc })
  }
}

/**
 * Adds the platform packages that the registry in use did not offer when the lock was made: npm then leaves them out,
 * and refuses its own lock. They carry version and platform but no hash, so `lockFaults` accepts them only where the
 * gate does not run.
 */
export function completeLock<L extends Lock>(lock: L): L {
  const packages: Record<string, LockedPackage> = { ...lock.packages }
  for (const { name, version, by } of missingPlatforms(lock)) {
    packages[`node_modules/${name}`] = {
      version,
      ...platformOf(name),
      ...(by.dev === true && { dev: true }),
      optional: true
    }
  }
  const sorted = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en'))
  return { ...lock, packages: Object.fromEntries(sorted) }
}
