import { extname } from 'node:path'

/** Another module of this program, as source or as what was built from it, like the one that asks. */
export function moduleBeside(asker: string, path: string): URL {
  return new URL(`${path}${extname(asker)}`, asker)
}
