//! The integration tests: the real binaries against real git, in temporary
//! repositories with an environment of their own.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::pedantic,
    clippy::cloned_ref_to_slice_refs,
    reason = "tests may"
)]

mod apart;
mod auto_push;
mod bad_input;
#[allow(dead_code, reason = "not every test needs every key")]
mod browser;
mod comes_back;
#[allow(dead_code, reason = "not every helper is used on every system")]
mod completions;
mod demo;
mod edit;
#[allow(dead_code, reason = "not every helper is used on every system")]
mod env;
mod formats;
#[cfg(unix)]
mod front;
mod fsck;
mod generic;
mod gits;
mod help;
#[cfg(unix)]
mod hook_cases;
#[cfg(unix)]
mod hook_config;
#[cfg(unix)]
mod hook_endurance;
#[cfg(unix)]
mod hook_failures;
#[cfg(unix)]
mod hook_on_demand;
#[cfg(unix)]
mod hook_strace;
#[cfg(unix)]
mod hooks_install;
mod house;
mod import;
mod import_branches;
mod import_numbers;
mod incomplete;
mod index_lines;
mod link;
mod list_query;
mod man;
mod no_lost_runs;
mod oracle;
mod places;
mod projection;
#[cfg(unix)]
mod promote;
mod provenance;
mod prune;
mod query;
#[cfg(unix)]
mod random;
mod real_client;
mod ref_move;
mod reindex;
mod repos;
mod results_index;
#[cfg(unix)]
mod results_repo;
mod runs_of;
mod schema;
mod second_reader;
#[cfg(unix)]
#[allow(dead_code, reason = "not every test needs every behaviour")]
mod servers;
#[cfg(unix)]
mod sign;
mod smoke;
mod source;
mod studio;
mod sync;
mod window;
