import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { LoadedNode } from '../config/init.ts'
import { type Logs, openLogs } from '../telemetry/log.ts'

/** The process log, as the node's options ask for it. */
export function openNodeLogs({ options, paths }: LoadedNode): Logs {
  const { level, destination } = options.log
  if (destination === 'stderr') return openLogs({ level, destination: { type: 'stderr' } })
  mkdirSync(paths.logs, { recursive: true, mode: 0o700 })
  return openLogs({ level, destination: { type: 'file', path: join(paths.logs, 'node.log') } })
}
