import { toHex } from '@novacron/base'
import { commitWindow } from '@novacron/consensus'
import { windowBytesMax, windowCommitsMax } from '@novacron/replica'
import { type ClusterOptions, orderingOptions } from './cluster-options.ts'
import type { Genesis } from './genesis.ts'
import { failedProofs, publicKeysOf } from './member-proof.ts'
import { parseAddress } from './multiaddr.ts'
import { keyUses } from './node-keys.ts'
import { type Problem, problemAt } from './problem.ts'

/** What a schema cannot say of a genesis whose form is right. Empty when all is well. */
export function genesisProblems(genesis: Genesis): Problem[] {
  return [
    ...orderProblems(genesis),
    ...keyProblems(genesis),
    ...addressProblems(genesis),
    ...proofProblems(genesis),
    ...operatorProblems(genesis),
    ...windowProblems(genesis)
  ]
}

/** Replica ids follow from names, so the order is part of the meaning. */
function orderProblems({ members }: Genesis): Problem[] {
  return members.flatMap((member, i) => {
    const before = members[i - 1]
    if (before === undefined || before.name < member.name) return []
    const allowed = `a name after ${JSON.stringify(before.name)}: members are sorted by name, each name once`
    return [problemAt(`members.${i}.name`, member.name, allowed)]
  })
}

/** No public key stands for two things, in one member or in several. */
function keyProblems({ members, operators }: Genesis): Problem[] {
  const uses = members.flatMap((member, i) => {
    const keys = publicKeysOf(member)
    const places = { peer: 'peer', consensus: 'consensusKey', vrf: 'vrfKey' }
    return keyUses.map(use => ({ key: `members.${i}.${places[use]}`, hex: toHex(keys[use]) }))
  })
  uses.push(...operators.publicKeys.map((hex, i) => ({ key: `operators.publicKeys.${i}`, hex })))
  const firstUse = new Map<string, string>()
  return uses.flatMap(({ key, hex }) => {
    const other = firstUse.get(hex)
    firstUse.set(hex, other ?? key)
    return other === undefined
      ? []
      : [problemAt(key, hex, `a key that is used once; this is the key of ${other}`)]
  })
}

function addressProblems({ members }: Genesis): Problem[] {
  return members.flatMap((member, i) =>
    member.addresses.flatMap((address, j) => {
      const named = parseAddress(address)?.peer
      if (named === undefined || named === member.peer) return []
      return [problemAt(`members.${i}.addresses.${j}`, address, `an address of ${member.peer}`)]
    })
  )
}

function proofProblems({ members }: Genesis): Problem[] {
  return members.flatMap((member, i) =>
    failedProofs(member).map(use =>
      problemAt(
        `members.${i}.proofs.${use}`,
        member.proofs[use],
        `a signature by the ${use} key of ${JSON.stringify(member.name)} over its description`,
        'take the node.json that its node wrote, unchanged'
      )
    )
  )
}

function operatorProblems({ operators: { publicKeys, threshold } }: Genesis): Problem[] {
  const min = publicKeys.length === 0 ? 0 : 1
  if (threshold >= min && threshold <= publicKeys.length) return []
  const allowed = `an integer from ${min} to ${publicKeys.length}, the number of operators`
  return [problemAt('operators.threshold', threshold, allowed)]
}

/** A vertex of a commit record with four batches: more than is usual under load. */
const vertexBytes = 192
/** A commit record without its vertices. */
const commitBytes = 192
const scoreBytes = 4

/** Bytes that the last commits take in a snapshot under load: a commit orders two rounds, the first also what is older. */
export function windowBytes(cluster: ClusterOptions, memberCount: number): number {
  const ordering = orderingOptions(cluster, memberCount)
  const commits = commitWindow(ordering, memberCount)
  const commitsPerRound = Math.min(ordering.turbo?.anchorsPerRound ?? 1, memberCount)
  const vertices =
    (Math.ceil((2 * commits) / commitsPerRound) + cluster.gcDepthRounds) * memberCount
  return commits * (commitBytes + scoreBytes * memberCount) + vertices * vertexBytes
}

/** A snapshot that cannot carry the window would be refused by all, and whoever offers it be taken for a liar. */
function windowProblems({ cluster, members }: Genesis): Problem[] {
  const { gcDepthRounds } = cluster
  const ordering = orderingOptions(cluster, members.length)
  const { schedulePeriodCommits, scheduleWindowCommits, turbo } = ordering
  const commitsPerRound = Math.min(turbo?.anchorsPerRound ?? 1, members.length)
  const commits = commitWindow(ordering, members.length)
  const share = Math.min(1, windowBytesMax / windowBytes(cluster, members.length))
  const commitsMax = Math.min(windowCommitsMax, Math.floor(commits * share))
  if (commits <= commitsMax) return []
  const why = `with ${members.length} members: a snapshot carries the last ${commitsMax} commits at most`
  if (commits > (gcDepthRounds + 2) * commitsPerRound) {
    const allowed = `at most ${commitsMax} together with cluster.scheduleWindowCommits (${scheduleWindowCommits}) ${why}`
    const remedy = 'lower cluster.schedulePeriodCommits or cluster.scheduleWindowCommits'
    return [problemAt('cluster.schedulePeriodCommits', schedulePeriodCommits, allowed, remedy)]
  }
  const allowed = `at most ${Math.floor(commitsMax / commitsPerRound) - 2} ${why}`
  return [problemAt('cluster.gcDepthRounds', gcDepthRounds, allowed, 'lower cluster.gcDepthRounds')]
}
