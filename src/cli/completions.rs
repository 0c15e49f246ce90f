//! `git agentv completions`: short scripts that ask the program itself.

use std::io::Write;
use std::process::ExitCode;

use super::args::{Completions, Shell};
use super::context::Context;
use super::failure::Failure;

const BASH: &str = r#"# git's own completion calls _git_agentv for 'git agentv'.
_agentv_candidates() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        if [ "$line" = ":files" ]; then
            compopt -o default 2>/dev/null
        else
            COMPREPLY+=("$line")
        fi
    done < <(git-agentv __complete -- "$@" 2>/dev/null)
}
_git_agentv() {
    local i
    for ((i = 1; i < COMP_CWORD; i++)); do
        [ "${COMP_WORDS[i]}" = agentv ] && break
    done
    _agentv_candidates "${COMP_WORDS[@]:i+1:COMP_CWORD-i}"
}
_agentv_results() {
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W results -- "${COMP_WORDS[1]}")
    elif [ "${COMP_WORDS[1]}" = results ]; then
        _agentv_candidates "${COMP_WORDS[@]:2:COMP_CWORD-1}"
    fi
}
_git_agentv_direct() {
    _agentv_candidates "${COMP_WORDS[@]:1:COMP_CWORD}"
}
complete -o bashdefault -F _agentv_results agentv
complete -o bashdefault -F _git_agentv_direct git-agentv
"#;
const ZSH: &str = r#"# zsh's completion of git calls _git-agentv for 'git agentv'.
_agentv_candidates() {
    local -a found
    found=("${(@f)$(git-agentv __complete -- "$@" 2>/dev/null)}")
    if (( ${found[(Ie):files]} )); then
        _files
    elif [[ -n "${found[1]}" ]]; then
        compadd -- "${found[@]}"
    fi
}
_git-agentv() {
    _agentv_candidates "${words[@]:1:$((CURRENT - 1))}"
}
_agentv_results() {
    if (( CURRENT == 2 )); then
        compadd results
    elif [[ "${words[2]}" == results ]]; then
        _agentv_candidates "${words[@]:2:$((CURRENT - 2))}"
    fi
}
if (( $+functions[compdef] )); then
    compdef _git-agentv git-agentv
    compdef _agentv_results agentv
    zstyle ':completion:*:*:git:*' user-commands agentv:'keep the history of AI-agent evaluations in git'
fi
"#;
const FISH: &str = r#"function __agentv_candidates
    set -l words (commandline -opc) (commandline -ct)
    set -l at (contains -i -- $argv[1] $words)
    for line in (git-agentv __complete -- $words[(math $at + 1)..-1] 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c git -n '__fish_seen_subcommand_from agentv' -f -a '(__agentv_candidates agentv)'
complete -c agentv -n '__fish_seen_subcommand_from results' -f -a '(__agentv_candidates results)'
"#;

pub(super) fn run(context: &mut Context, args: &Completions) -> Result<ExitCode, Failure> {
    let script = match args.shell {
        Shell::Bash => BASH,
        Shell::Zsh => ZSH,
        Shell::Fish => FISH,
    };
    let mut out = context.ui.out(None);
    out.write_all(script.as_bytes())?;
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}
