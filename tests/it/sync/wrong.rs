//! Refusals and bad remotes.
