//! `git agentv` keeps the history of AI-agent evaluations inside the git
//! repository that they evaluated.
//!
//! | module | what it is | knows | never knows |
//! | --- | --- | --- | --- |
//! | [`git`] | repository, objects, refs, processes | git | runs |
//! | [`run`] | ids, manifest, overlay, row, cases, bundle readers | files | git |
//! | [`store`] | the runs of a ref: record, list, read, change, import | both | terminals |
//! | [`index`] | answers about many runs: projection, queries | the store | terminals |
//! | [`hooks`] | what git's hooks do: pending runs, trailers, links; runs that follow a push | the store, sync | terminals |
//! | [`sync`] | fetch, union merge, push | the store | terminals |
//! | [`studio`] | the runs in a browser, and as JSON over HTTP | the store | git |
//! | [`cli`] | arguments, output, one file per command | the store | gix |
//!
//! Start reading at [`store::Store::record`]; what is stored is specified in `docs/format.md`.

pub mod cli;
pub mod git;
pub mod hooks;
pub mod index;
pub mod run;
pub mod store;
pub mod studio;
pub mod sync;
