import type { Context } from '../shared/context.ts';
import type { Shell } from './command.ts';

/** Shell code that asks `thpscope __complete` for what may follow the words typed so far. */
const SCRIPTS: Record<Shell, string> = {
  bash: `_thpscope() {
  local IFS=$'\\n'
  COMPREPLY=($(thpscope __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _thpscope thpscope
`,
  zsh: `#compdef thpscope
_thpscope() {
  local -a proposals
  proposals=("\${(@f)$(thpscope __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$proposals" ]]; then compadd -a proposals; else _files; fi
}
compdef _thpscope thpscope
`,
  fish: `complete -c thpscope -a '(thpscope __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
};

/** `thpscope completion SHELL`: the code that makes that shell complete thpscope's commands and flags. */
export function completion(this: Context, _flags: object, shell: Shell): void {
  this.process.stdout.write(SCRIPTS[shell]);
}
