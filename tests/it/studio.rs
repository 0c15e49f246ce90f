//! `git agentv studio`: the server, driven over HTTP.

mod attacks;
mod client;
mod edit;
mod events;
mod files;
mod pages;
mod read;
mod serve;
