import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Lets Node keep what it has compiled, so that the next command or daemon starts in about two thirds of the time. In a directory of
 * the user's own: code that is run must not come from one that others can write to, as Node's default in the temporary directory is.
 * Where nothing can be written, everything is compiled anew each time. To be called before the modules that it is for are imported.
 */
export function keepCompiledCode(env: Readonly<Record<string, string | undefined>>): void {
  enableCompileCache(compileCacheDirectory(env))
}

/** The XDG base directory specification's place for what can be made again. */
export function compileCacheDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const caches = env['XDG_CACHE_HOME']
  // The specification asks to ignore what is not absolute.
  const base = caches?.startsWith('/') === true ? caches : join(homedir(), '.cache')
  return join(base, 'novacron', 'compiled')
}
