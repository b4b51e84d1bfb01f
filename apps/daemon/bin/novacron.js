#!/usr/bin/env node
// Plain JavaScript that old Nodes can read: finds a Node that can run the daemon, then starts it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { arch, argv, env, execArgv, execPath, platform, versions } from 'node:process'
import { fileURLToPath } from 'node:url'

const nodeNeeded = 24
// Without them, V8 collects the whole heap far too often under load; see src/daemon-flags.ts.
const daemonFlags = [
  '--initial-old-space-size=160',
  '--min-semi-space-size=32',
  '--max-semi-space-size=32'
]
// Without them, glibc gives memory back that it needs again at once; what the operator sets goes before. See the same file.
const daemonEnvironment = {
  MALLOC_MMAP_THRESHOLD_: '33554432',
  MALLOC_TRIM_THRESHOLD_: '268435456'
}

const self = fileURLToPath(import.meta.url)
const main = join(dirname(self), '..', 'dist', 'main.js')
const isOld = Number(versions.node.split('.')[0]) < nodeNeeded
const isDaemon = argv[2] === 'start'
// The flags alone tell: what a system takes out of the environment would be missing each time.
const isPrepared = missingFrom(execArgv).length === 0

if (isOld) {
  const bundled = findBundledNode()
  if (bundled === undefined) {
    fail(
      `needs Node ${nodeNeeded} or newer, found ${versions.node} at ${execPath}; ` +
        'install Node 24 from nodejs.org, or on Linux x64 and arm64 run: npm ci'
    )
  } else {
    startUnder(bundled, [])
  }
} else if (!existsSync(main)) {
  fail(`${main} is missing; build it first: npm run build`)
} else if (isDaemon && !isPrepared) {
  startUnder(execPath, execArgv)
} else {
  await import('../dist/main.js')
}

/** The Node that comes along as an optional dependency on Linux. */
function findBundledNode() {
  const name = `node-${platform}-${arch}`
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
    const node = join(dirname(manifest), 'bin', 'node')
    return existsSync(node) ? node : undefined
  } catch {
    return undefined
  }
}

/** Starts this file again under `node`: in this very process where that is possible, so that signals need no messenger. */
function startUnder(node, flags) {
  const args = [...flags, ...(isDaemon ? missingFrom(flags) : []), self, ...argv.slice(2)]
  const given = isDaemon ? { ...daemonEnvironment, ...env } : env
  if (process.execve !== undefined && platform !== 'win32')
    process.execve(node, [node, ...args], given)
  // The channel tells the child when this process is gone, also when it was killed.
  const stdio = ['inherit', 'inherit', 'inherit', 'ipc']
  const child = spawn(node, args, { stdio, env: given })
  // From a terminal the child gets the signal twice, which it takes as one wish.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']) {
    process.on(signal, () => child.kill(signal))
  }
  child.once('error', error => fail(`${node} could not be started: ${error.message}`))
  child.once('exit', (code, signal) => {
    process.exitCode = code === null ? 128 + constants.signals[signal] : code
  })
}

/** What the operator has set holds, also in NODE_OPTIONS, which the command line would outdo. */
function missingFrom(flags) {
  const given = [...flags, ...(env.NODE_OPTIONS ?? '').split(' ')].map(nameOf)
  return daemonFlags.filter(flag => !given.includes(nameOf(flag)))
}

/** V8 takes both dashes and underscores. */
function nameOf(flag) {
  return flag.split('=')[0].replace(/_/g, '-')
}

function fail(line) {
  console.error(`novacron: ${line}`)
  process.exitCode = 1
}
