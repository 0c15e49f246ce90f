//! The integration tests: the real binaries against real git, in temporary
//! repositories with an environment of their own.

#![allow(missing_docs, reason = "tests")]

mod env;
mod smoke;
