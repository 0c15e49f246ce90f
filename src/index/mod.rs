//! Answering questions about many runs: the projection (a SQLite file that can be thrown away at any
//! time) and the query language.

pub mod projection;
