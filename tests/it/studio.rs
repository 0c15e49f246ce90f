//! `git agentv studio`: the server, driven over HTTP.

mod attacks;
pub mod client;
mod crowd;
mod edit;
mod events;
mod files;
mod pages;
mod read;
mod run_pages;
mod serve;
mod upstream;
