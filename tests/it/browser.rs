//! Studio in a real Chromium: what users see and do.

mod driver;
mod keys;
mod list;
mod looks;
mod many;
mod run;
mod share;
mod upstream;
