import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';

/** What may follow a path of verbs: `runs watch` → its options; files follow where a verb takes some. */
type Step = { path: string; words: string[] };

/** Prints a script made of the program's own verbs; it starts nothing while one types. */
export async function completion({ out }: Context, shell: string, program: Command): Promise<void> {
  const steps = stepsOf(program, []);
  const write = { bash, zsh, fish }[shell];
  if (write === undefined) throw new UsageError('There are completions for bash, zsh and fish.');
  out.line(write(steps));
}

function stepsOf(command: Command, path: readonly string[]): Step[] {
  const options = command.options.flatMap(({ long }) => (long === undefined || long === null ? [] : long));
  const verbs = command.commands.map((verb) => verb.name());
  return [
    { path: path.join(' '), words: [...verbs, ...options, '--help'] },
    ...command.commands.flatMap((verb) => stepsOf(verb, [...path, verb.name()])),
  ];
}

const cases = (steps: readonly Step[]) =>
  steps.map(({ path, words }) => `    '${path}') words='${words.join(' ')}' ;;`).join('\n');

/** The verbs typed so far are what stands before the first option and names a step. */
function bash(steps: readonly Step[]): string {
  return `# iit completion bash > ~/.local/share/bash-completion/completions/iit
_iit() {
  local path='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
    ${steps.map(({ path }) => `'${path}'`).join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${cases(steps)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _iit iit`;
}

function zsh(steps: readonly Step[]): string {
  return `#compdef iit
# iit completion zsh > "\${fpath[1]}/_iit"
_iit() {
  local cmd_path='' words_here='' word
  for word in "\${words[@]:1:$((CURRENT - 2))}"; do
    case "\${cmd_path:+$cmd_path }$word" in
    ${steps.map(({ path }) => `('${path}')`).join('|')}) cmd_path="\${cmd_path:+$cmd_path }$word" ;;
    esac
  done
  case "$cmd_path" in
${cases(steps).replaceAll("words='", "words_here='")}
  esac
  compadd -- \${=words_here}
  _files
}
compdef _iit iit`;
}

function fish(steps: readonly Step[]): string {
  const lines = steps.map(({ path, words }) => {
    const verbs = path === '' ? [] : path.split(' ');
    const condition =
      verbs.length === 0
        ? '__fish_use_subcommand'
        : verbs.map((verb) => `__fish_seen_subcommand_from ${verb}`).join('; and ');
    return `complete -c iit -n '${condition}' -a '${words.join(' ')}'`;
  });
  return ['# iit completion fish > ~/.config/fish/completions/iit.fish', ...lines].join('\n');
}
