import type { VerbWords } from './words.ts'

/** One script for each shell: verbs first, then the options of the verb, otherwise files. */
export const completionScripts: Readonly<Record<string, (verbs: readonly VerbWords[]) => string>> =
  { bash, zsh, fish }

function bash(verbs: readonly VerbWords[]): string {
  const cases = verbs.map(({ name, options }) => `    ${name}) words='${longs(options)}' ;;`)
  return `_novacron() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${verbs.map(({ name }) => name).join(' ')}' -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  if [ "\${current#-}" != "$current" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _novacron novacron
`
}

function zsh(verbs: readonly VerbWords[]): string {
  const names = verbs.map(({ name, description }) => `    '${name}:${plain(description)}'`)
  const cases = verbs.map(({ name, options }) => {
    const specs = options.map(({ long, description }) => `'${long}[${plain(description)}]'`)
    return `    ${name}) _arguments ${[...specs, "'*:file:_files'"].join(' ')} ;;`
  })
  return `#compdef novacron
_novacron() {
  local -a verbs
  verbs=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'verb' verbs
    return
  fi
  local verb="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$verb" in
${cases.join('\n')}
  esac
}
compdef _novacron novacron
`
}

function fish(verbs: readonly VerbWords[]): string {
  const names = verbs.map(
    ({ name, description }) =>
      `complete -c novacron -f -n __fish_use_subcommand -a ${name} -d '${plain(description)}'`
  )
  const options = verbs.flatMap(verb =>
    verb.options.map(
      ({ long, description }) =>
        `complete -c novacron -n '__fish_seen_subcommand_from ${verb.name}' -l ${long.slice(2)} -d '${plain(description)}'`
    )
  )
  return [...names, ...options, ''].join('\n')
}

function longs(options: VerbWords['options']): string {
  return options.map(({ long }) => long).join(' ')
}

/** Descriptions are ours; quotes, colons and brackets mean something to shells. */
function plain(text: string): string {
  return text.replace(/[':[\]]/g, ' ')
}
