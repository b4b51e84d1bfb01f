// One letter of each pattern stands in brackets, so that this file passes its own rule.
const bannedWords: readonly RegExp[] = [
  /\bTO[D]O\b/,
  /\bFIX[M]E\b/,
  /\bHAC[K]\b/,
  /\bXX[X]\b/,
  /\bfor no[w]\b/i,
  /\bplaceholde[r]s?\b/i,
  /\bstu[b](s|bed)?\b/i,
  /\bnot (yet )?implemente[d]\b/i,
  /\b(it|test|describe|suite)\.(concurrent\.)?(onl[y]|ski[p]|tod[o])\b/,
  /@ts-(ignor[e]|nochec[k])\b/
]
const bannedFolders = new Set(['utils', 'util', 'helpers', 'common', 'misc', 'shared', 'lib'])
// Paths that exist on one machine only: home directories and drives.
const machinePaths = /(?<![\w.~-])(\/(home|Users)\/\w|\/(root|work|mnt)\/\w|[A-Z]:\\Users\\)/

/** Words that promise work instead of doing it, switched-off tests, and paths of one machine. */
export function wordFaults(path: string, text: string): string[] {
  return text.split('\n').flatMap((line, index) =>
    [...bannedWords, machinePaths].flatMap(pattern => {
      const found = pattern.exec(line)
      return found === null ? [] : [`${path}:${index + 1}: "${found[0]}"`]
    })
  )
}

/** Folders that would hold anything hold nothing in particular. */
export function folderFaults(path: string): string[] {
  const folder = path.split('/').find(part => bannedFolders.has(part))
  return folder === undefined ? [] : [`${path}: a folder named ${folder}`]
}

/** Links of a page to files of the repository that are not there. `exists` takes a path from the root. */
export function linkFaults(
  path: string,
  text: string,
  exists: (path: string) => boolean
): string[] {
  const here = path.split('/').slice(0, -1)
  return [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return []
    const parts = [...here]
    for (const part of target.split('/')) {
      if (part === '..') parts.pop()
      else if (part !== '.' && part !== '') parts.push(part)
    }
    return exists(parts.join('/')) ? [] : [`${path}: no file behind the link ${target}`]
  })
}
