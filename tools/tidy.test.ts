import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { docstringFaults, grammarFaults } from './tidy/grammar.ts'
import { importFaults, layers, type Manifest, manifestFaults } from './tidy/layering.ts'
import { type Lock, lockFaults } from './tidy/lock.ts'
import { purityFaults } from './tidy/purity.ts'
import { listFiles, readJson, readText, root } from './tidy/repository.ts'
import { medianFaults, sizeFaults } from './tidy/size.ts'
import { parseSource } from './tidy/source-file.ts'
import { folderFaults, linkFaults, wordFaults } from './tidy/words.ts'

const paths = listFiles()
const files = paths
  .filter(path => path.endsWith('.ts'))
  .map(path => parseSource(path, readText(path)))
const sources = files.filter(file => /^(packages|apps)\/[^/]+\/src\//.test(file.path))

describe('the code base keeps its own rules', () => {
  test('it is all there to be checked', () => {
    expect(sources.length).toBeGreaterThan(10)
    expect(paths).toContain('packages/base/src/codec.ts')
    expect(paths).toContain('.ci/run')
    expect(paths).toContain('README.md')
  })

  test('imports point down, and third parties stay in their homes', () => {
    expect(files.flatMap(importFaults)).toEqual([])
  })

  test('package manifests name only what lies below, in exact versions', () => {
    const manifests = paths.filter(path => /^(packages|apps)\/[^/]+\/package\.json$/.test(path))
    const workspaces = manifests.map(path => path.replace('/package.json', ''))
    expect(workspaces).toEqual(Object.keys(layers).sort())
    expect(
      workspaces.flatMap(workspace =>
        manifestFaults(workspace, readJson<Manifest>(`${workspace}/package.json`))
      )
    ).toEqual([])
  })

  test('pure packages are pure', () => {
    expect(sources.flatMap(purityFaults)).toEqual([])
  })

  test('files and functions are short', () => {
    expect(files.flatMap(sizeFaults)).toEqual([])
    expect(medianFaults(sources)).toEqual([])
  })

  test('only syntax that Node can strip, and no default exports', () => {
    expect(files.flatMap(grammarFaults)).toEqual([])
  })

  test('exported classes and options say what they are', () => {
    expect(sources.flatMap(docstringFaults)).toEqual([])
  })

  test('no promises of work, switched-off tests or paths of one machine', () => {
    expect(paths.flatMap(path => wordFaults(path, readText(path)))).toEqual([])
  })

  test('every folder has a subject', () => {
    expect(paths.flatMap(folderFaults)).toEqual([])
  })

  test('pages link to files that exist', () => {
    const pages = paths.filter(path => path.endsWith('.md'))
    const exists = (path: string) => existsSync(join(root, path))
    expect(pages.flatMap(page => linkFaults(page, readText(page), exists))).toEqual([])
  })

  test('the lock file fits every platform and needs no compiler', () => {
    expect(lockFaults(readJson<Lock>('package-lock.json'))).toEqual([])
  })
})
