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
            # After a field of a query comes its value.
            [ "${line%:}" = "$line" ] || compopt -o nospace 2>/dev/null
            # Readline replaces what follows the last = or : only.
            COMPREPLY+=("${line#"$_agentv_before"}")
        fi
    done < <(git-agentv __complete -- "$@" 2>/dev/null)
}
# The words from number $1 up to the cursor. Bash has split them at '=' and ':', we need them whole.
_agentv_complete_from() {
    local i word glue= words=() _agentv_before=
    for ((i = $1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
            = | :)
                if [ "${#words[@]}" -gt 0 ]; then
                    words[${#words[@]}-1]+=$word
                    glue=yes
                    _agentv_before=${words[${#words[@]}-1]}
                    continue
                fi
                ;;
        esac
        if [ -n "$glue" ]; then
            words[${#words[@]}-1]+=$word
        else
            words+=("$word")
            _agentv_before=
        fi
        glue=
    done
    _agentv_candidates ${_agentv_dir[@]+"${_agentv_dir[@]}"} "${words[@]}"
}
_git_agentv() {
    local i _agentv_dir=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            agentv) break ;;
            # The runs are those of the repository that git was pointed at.
            -C) _agentv_dir+=(-C "${COMP_WORDS[++i]}") ;;
        esac
    done
    # git's completion adds its own spaces after what it has found; these candidates are whole words.
    compopt +o nospace 2>/dev/null
    _agentv_complete_from "$((i + 1))"
}
_agentv_results() {
    local _agentv_dir=()
    COMPREPLY=()
    if [ "$COMP_CWORD" -gt 1 ] && [ "${COMP_WORDS[1]}" = results ]; then
        _agentv_complete_from 2
        return
    fi
    # All else is the AgentV CLI's, of which we know nothing.
    compopt -o default 2>/dev/null
    if [ "$COMP_CWORD" -eq 1 ]; then
        [[ results != "${COMP_WORDS[1]}"* ]] || COMPREPLY=(results)
    fi
}
_git_agentv_direct() {
    local _agentv_dir=()
    _agentv_complete_from 1
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
        # After a field of a query comes its value.
        compadd -S '' -- "${(@M)found:#*:}"
        compadd -- "${(@)found:#*:}"
    else
        return 1
    fi
}
_git-agentv() {
    _agentv_candidates "${(@Q)words[2,CURRENT]}"
}
_agentv_results() {
    if [[ CURRENT -gt 2 && "${words[2]}" == results ]]; then
        _agentv_candidates "${(@Q)words[3,CURRENT]}"
    elif (( CURRENT == 2 )); then
        compadd -- results
        _files
    else
        # All else is the AgentV CLI's, of which we know nothing.
        _files
    fi
}
if (( $+functions[compdef] )); then
    compdef _git-agentv git-agentv
    compdef _agentv_results agentv
    () {
        local -a known
        zstyle -g known ':completion:*:*:git:*' user-commands
        known=(${known:#agentv:*} 'agentv:keep the history of AI-agent evaluations in git')
        zstyle ':completion:*:*:git:*' user-commands $known
    }
fi
"#;
const FISH: &str = r#"# $argv[1] is the word that ours follow.
function __agentv_candidates
    set -l words (commandline -opc) (commandline -ct)
    set -l at (contains -i -- $argv[1] $words)
    or return
    for line in (git-agentv __complete -- $words[(math $at + 1)..-1] 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
function __agentv_follows
    set -l words (commandline -opc)
    contains -- $argv[1] $words[2..-1]
end
function __agentv_first
    set -l words (commandline -opc)
    not string match -qv -- '-*' $words[2..-1]
end
complete -c git -n __agentv_first -f -a agentv -d 'Keep the history of AI-agent evaluations'
complete -c git -n '__agentv_follows agentv' -f -a '(__agentv_candidates agentv)'
complete -c git-agentv -f -a '(__agentv_candidates git-agentv)'
complete -c agentv -n __agentv_first -a results -d 'What git agentv has recorded'
complete -c agentv -n '__agentv_follows results' -f -a '(__agentv_candidates results)'
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
