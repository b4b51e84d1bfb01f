import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The root of the repository. */
export const root: string = join(import.meta.dirname, '../..')

const generated = new Set(['node_modules', 'dist', 'coverage', '.git', '.turbo', '.devnet'])
const textFile = /\.(ts|mjs|js|json|md|yml|html|css|sh)$|^\.ci\/run$/

/** Every text file of the project, relative to the root, sorted; nothing that a build or an install made. */
export function listFiles(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap(entry => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (generated.has(entry.name)) return []
      if (entry.isDirectory()) return listFiles(path)
      return entry.isFile() && textFile.test(path) && path !== 'package-lock.json' ? [path] : []
    })
    .sort()
}

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

export function readJson<T>(path: string): T {
  return JSON.parse(readText(path)) as T
}
