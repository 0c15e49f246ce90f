//! Makes the programs start faster, which people notice when git runs them: on Linux with glibc they are linked to a fixed address,
//! so that nothing has to be relocated and copied at every start (docs/performance.md). Who asks rustc for a relocation model
//! gets that one, with packed relative relocations where they can be had.

#![allow(clippy::disallowed_methods, reason = "a build script talks to cargo by its environment and by printing")]

use std::process::Command;

/// The first glibc that loads such programs.
const SINCE: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, wanted: &str| std::env::var(name).is_ok_and(|value| value == wanted);
    let native = std::env::var("HOST").ok() == std::env::var("TARGET").ok();
    let gnu_linux = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if !native || !gnu_linux {
        return;
    }
    let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    if !flags.contains("relocation-model") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
        return;
    }
    // The program would not start with an older one: where we can't be sure it stays as it is.
    if glibc().is_some_and(|version| version >= SINCE) {
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
