import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compileCacheDirectory } from '../src/compile-cache.ts'

test.each([
  { name: 'of the environment', env: { XDG_CACHE_HOME: '/var/c' }, base: '/var/c' },
  { name: 'of the user', env: {}, base: join(homedir(), '.cache') },
  {
    name: 'of the user when it is not absolute',
    env: { XDG_CACHE_HOME: 'c' },
    base: join(homedir(), '.cache')
  },
  {
    name: 'of the user when it is empty',
    env: { XDG_CACHE_HOME: '' },
    base: join(homedir(), '.cache')
  }
])('compiled code lies in the cache directory $name', ({ env, base }) => {
  expect(compileCacheDirectory(env)).toBe(join(base, 'novacron', 'compiled'))
})
