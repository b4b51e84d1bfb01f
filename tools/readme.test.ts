import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { listFiles, readText, root } from './tidy/repository.ts'

/** The `ts` blocks of a page, each one program. */
function examplesOf(page: string): string[] {
  return [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code)
}

/** Runs a program as Node would run it in the folder of its page, the packages from source. */
function runExample(folder: string, code: string): { status: number | null; stderr: string } {
  return spawnSync(
    process.execPath,
    ['--conditions=@novacron/source', '--input-type=module-typescript', '--eval', code],
    { cwd: join(root, folder), encoding: 'utf8', timeout: 100_000 }
  )
}

const pages = listFiles().filter(path => /^(packages|apps)\/[^/]+\/README\.md$/.test(path))

describe('the examples of the package pages run', () => {
  test.each(pages)('%s', page => {
    const examples = examplesOf(readText(page))
    expect(examples, `${page} shows an example`).not.toEqual([])
    for (const code of examples) {
      const { status, stderr } = runExample(dirname(page), code)
      expect(status, stderr).toBe(0)
    }
  })

  test('and a wrong one would be noticed', () => {
    const wrong = `import { quorumWeight } from '@novacron/base'\nif (quorumWeight(4) !== 2) throw new Error('no')\n`
    const page = `Text\n\`\`\`ts\n${wrong}\`\`\`\nmore\n`
    expect(examplesOf(page)).toEqual([wrong])
    expect(runExample('packages/base', wrong).status).not.toBe(0)
  })
})
