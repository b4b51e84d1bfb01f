import { commandFault } from '../command-fault.ts'
import { completionScripts } from '../completion/scripts.ts'
import { wordsOf } from '../completion/words.ts'
import { exitCodes } from '../io.ts'
import { type AddVerb, addExamples } from '../verb.ts'

export const addCompletion: AddVerb = (program, { io, exit }) => {
  const command = program
    .command('completion')
    .description('Print a script that completes verbs and options in a shell.')
    .argument('<shell>', Object.keys(completionScripts).join(' | '))
    .action((shell: string) => {
      const script = completionScripts[shell]
      if (script === undefined) {
        const allowed = Object.keys(completionScripts).join(', ')
        throw commandFault('usage', `shell is ${JSON.stringify(shell)}, allowed is ${allowed}`)
      }
      io.stdout.write(script(wordsOf(program)))
      exit(exitCodes.ok)
    })
  addExamples(
    command,
    'source <(novacron completion bash)',
    'novacron completion fish > ~/.config/fish/completions/novacron.fish'
  )
}
