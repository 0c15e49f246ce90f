//! Asks the linker for packed relative relocations where they can be had: a third of a millisecond off every start of a
//! program of this size (docs/performance.md), and the file is smaller.

#![allow(clippy::disallowed_methods, reason = "a build script talks to cargo by its environment and by printing")]

use std::process::Command;

/// The first glibc that loads such programs.
const SINCE: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, wanted: &str| std::env::var(name).is_ok_and(|value| value == wanted);
    let native = std::env::var("HOST").ok() == std::env::var("TARGET").ok();
    let gnu_linux = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    // The program would not start with an older one: where we can't be sure it stays as it is.
    if native && gnu_linux && glibc().is_some_and(|version| version >= SINCE) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of the C library that programs are linked with here.
fn glibc() -> Option<(u32, u32)> {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut numbers = text.trim().strip_prefix("glibc ")?.split('.').map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}
