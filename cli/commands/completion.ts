/** `bak completion`: prints the completion script of a shell. */
import { Argument, type Command } from 'commander'
import { addExamples, type Context, setAction } from '../command.ts'

export function define(command: Command): void {
  command.addArgument(new Argument('<shell>', 'bash or zsh').choices(['bash', 'zsh']))
  addExamples(command, {
    'source <(bak completion bash)': 'in ~/.bashrc',
    'source <(bak completion zsh)': 'in ~/.zshrc, after compinit'
  })
  setAction(command, act)
}

async function act(context: Context, _: object, shell = ''): Promise<void> {
  const script = bashScript(await context.program())
  await context.printLines(shell === 'zsh' ? `autoload -U +X bashcompinit && bashcompinit\n${script}` : script)
}

/** Completes commands as the first word, flags after a dash, files elsewhere. */
function bashScript(program: Command): string {
  const globals = flagsOf(program)
  const cases = program.commands.map(command => {
    const flags = [...globals, ...flagsOf(command), ...command.commands.flatMap(flagsOf)]
    const names = command.commands.map(each => each.name())
    return `    ${command.name()}) flags='${flags.join(' ')}' names='${names.join(' ')}' ;;`
  })
  return `_bak() {
  local word=\${COMP_WORDS[COMP_CWORD]} flags='${globals.join(' ')} --version' names=''
  if [ "$COMP_CWORD" -eq 1 ]; then names='${program.commands.map(each => each.name()).join(' ')} help'; fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  case "$word" in -*) names=$flags ;; esac
  COMPREPLY=($(compgen -W "$names" -- "$word"))
}
complete -o default -F _bak bak`
}

const flagsOf = (command: Command) => [...command.options.flatMap(({ long }) => long ?? []), '--help']
