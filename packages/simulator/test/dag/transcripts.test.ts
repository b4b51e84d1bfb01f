import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Round } from '@novacron/base'
import { expect, test } from 'vitest'
import { buildDag, DagBuilder, DagObserver, dag, letterOf } from '../../src/index.ts'
import { sha256 } from '../hash.ts'

const folder = join(import.meta.dirname, 'transcripts')
const builder = new DagBuilder(4, sha256)

/** What a command prints. */
function answer(command: string): string[] {
  const [verb, ...words] = command.split(' ')
  const { orderer } = new DagObserver({}, { builder })
  if (verb === 'leaders') {
    return words.map(word => `${word}: ${letterOf(orderer.leaderOf(Number(word) as Round))}`)
  }
  if (verb !== 'dag') throw new Error(`no command: ${command}`)
  const drawing = dag([words.join(' ')] as unknown as TemplateStringsArray)
  const observer = new DagObserver({}, { builder })
  for (const certificate of buildDag(drawing, builder).values()) observer.give(certificate)
  const lines = observer.commits.map(({ index, anchor, vertices }) => {
    const ordered = vertices.map(({ round, author }) => `${letterOf(author)}${round}`).join(' ')
    return `commit ${index}, anchor ${letterOf(anchor.author)}${anchor.round}: ${ordered}`
  })
  return lines.length === 0 ? ['nothing is committed'] : lines
}

/** Text stays; below each command stands what it prints. */
function rewritten(text: string): string {
  const lines = text.trimEnd().split('\n')
  const first = lines.findIndex(line => line.startsWith('> '))
  const commands = lines.filter(line => line.startsWith('> '))
  const answers = commands.flatMap(line => [line, ...answer(line.slice(2)), ''])
  return [...lines.slice(0, first), ...answers].join('\n')
}

test.each(['commit-rule.txt'])('%s', async name => {
  const path = join(folder, name)
  await expect(rewritten(readFileSync(path, 'utf8'))).toMatchFileSnapshot(path)
})
