// Run after `npm install` has changed package-lock.json and `npm ci` says that packages are missing from it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Lock } from './tidy/lock.ts'
import { completeLock } from './tidy/platform.ts'
import { readJson, root } from './tidy/repository.ts'

const lock = completeLock(readJson<Lock>('package-lock.json'))
writeFileSync(join(root, 'package-lock.json'), `${JSON.stringify(lock, null, 2)}\n`)
