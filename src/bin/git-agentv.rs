//! `git agentv`.
fn main() -> std::process::ExitCode {
    git_agentv::cli::main(git_agentv::cli::Role::GitAgentv)
}
