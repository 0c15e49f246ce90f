//! `agentv results`, and a front to upstream's `agentv`.
fn main() -> std::process::ExitCode {
    git_agentv::cli::main(git_agentv::cli::Role::Agentv)
}
