import { z } from 'zod'
import { defineMethod, type Method } from '../method.ts'
import { logLevels, type NodeControl } from '../node-control.ts'
import { dagRoundsMax } from '../options.ts'
import { consensusStatus, dagRound, nodeStatus, peerStatus } from '../report-schemas.ts'
import { count, noParams } from '../schemas.ts'

export function nodeMethods(node: NodeControl): readonly Method[] {
  return [
    defineMethod('node.status', {
      summary: 'Who the node is, how far it is, whether it is healthy, and why not.',
      params: noParams,
      result: nodeStatus,
      handler: () => node.status()
    }),
    defineMethod('node.peers', {
      summary: 'Every peer that the node knows, connected or not.',
      params: noParams,
      result: z.strictObject({ peers: z.array(peerStatus) }),
      handler: () => ({ peers: node.peers() })
    }),
    defineMethod('node.stop', {
      summary: 'Stops the node in order; the answer comes before it stops.',
      params: noParams,
      result: z.strictObject({ stopping: z.literal(true) }),
      handler: () => {
        node.stop()
        return { stopping: true as const }
      }
    }),
    logSetLevel(node)
  ]
}

export function consensusMethods(node: NodeControl): readonly Method[] {
  return [
    defineMethod('consensus.status', {
      summary: 'The round, the last commit, and the highest round seen of each member.',
      params: noParams,
      result: consensusStatus,
      handler: () => node.consensusStatus()
    }),
    defineMethod('consensus.dag', {
      summary: `A window of at most ${dagRoundsMax} rounds: vertices, parents, anchors, commits.`,
      params: z.strictObject({ fromRound: count, toRound: count }).superRefine(checkWindow),
      result: z.strictObject({ rounds: z.array(dagRound) }),
      handler: async window => ({ rounds: await node.dag(window) })
    })
  ]
}

function checkWindow(
  { fromRound, toRound }: { readonly fromRound: number; readonly toRound: number },
  context: z.RefinementCtx
): void {
  if (toRound < fromRound || toRound - fromRound >= dagRoundsMax) {
    const message = `fromRound to fromRound + ${dagRoundsMax - 1}`
    context.addIssue({ code: 'custom', path: ['toRound'], message })
  }
}

function logSetLevel(node: NodeControl): Method {
  const change = {
    level: z.enum(logLevels),
    module: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,31}$/)
      .exactOptional()
  }
  return defineMethod('log.setLevel', {
    summary: 'Changes the log level of one module, or of all that have none of their own.',
    params: z.strictObject(change),
    result: z.strictObject(change),
    handler: request => {
      node.setLogLevel(request)
      return request
    }
  })
}
