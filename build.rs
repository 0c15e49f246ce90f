//! Makes the programs start faster, which people notice when git runs them: on Linux with glibc they are linked to a fixed
//! address and, where the C library is there to be linked so, whole, with no shared library to find, map and relocate at every
//! start (docs/performance.md). Who asks rustc for a relocation model or for `crt-static` gets what they asked for.

#![allow(clippy::disallowed_methods, reason = "a build script talks to cargo by its environment and by printing")]

use std::path::Path;
use std::process::Command;

/// The first glibc that loads programs with packed relative relocations.
const PACKED_SINCE: (u32, u32) = (2, 36);
/// The first glibc that has its lookups of users and hosts in itself and not in libraries that a static program would load
/// (glibc's release notes for 2.34).
const WHOLE_SINCE: (u32, u32) = (2, 34);
/// What rustc names to the linker as shared libraries, and the archive that holds the same.
/// The programs stop at a panic (Cargo.toml), but the standard library still refers to the unwinder.
const SHARED: [(&str, &str); 7] =
    [("gcc_s", "gcc_eh"), ("c", "c"), ("m", "m"), ("pthread", "pthread"), ("dl", "dl"), ("rt", "rt"), ("util", "util")];
/// What the standard library uses where it is there, but does not ask an archive for (weak symbols). Without these it starts
/// processes by `fork`, which copies the page tables, and not by `posix_spawn`. All are older than `WHOLE_SINCE`.
const WEAK: [&str; 2] = ["gnu_get_libc_version", "posix_spawn_file_actions_addchdir_np"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, wanted: &str| std::env::var(name).is_ok_and(|value| value == wanted);
    let native = std::env::var("HOST").ok() == std::env::var("TARGET").ok();
    let gnu_linux = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if !native || !gnu_linux {
        return;
    }
    let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let glibc = glibc();
    let since = |version: (u32, u32)| glibc.is_some_and(|here| here >= version);
    if flags.contains("crt-static") {
        return;
    }
    if flags.contains("relocation-model") {
        // The program would not start with an older one: where we can't be sure it stays as it is.
        if since(PACKED_SINCE) {
            println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        }
        return;
    }
    println!("cargo::rustc-link-arg-bins=-no-pie");
    if since(WHOLE_SINCE) {
        link_whole();
    }
}

/// Links the programs statically. `-static` alone does not: rustc asks for shared libraries by name, after it. So those names
/// lead to linker scripts of ours, in a directory that is searched before the system's, and the scripts to the archives.
/// Does nothing where an archive is missing (Fedora keeps them in a package of their own).
fn link_whole() {
    let Some(out) = std::env::var_os("OUT_DIR") else { return };
    let dir = Path::new(&out).join("static");
    if !SHARED.iter().all(|(_, archive)| has(archive)) || std::fs::create_dir_all(&dir).is_err() {
        return;
    }
    for (shared, archive) in SHARED {
        if std::fs::write(dir.join(format!("lib{shared}.so")), format!("INPUT(-l:lib{archive}.a)\n")).is_err() {
            return;
        }
    }
    println!("cargo::rustc-link-arg-bins=-static");
    println!("cargo::rustc-link-arg-bins=-L{}", dir.display());
    for symbol in WEAK {
        println!("cargo::rustc-link-arg-bins=-Wl,-u,{symbol}");
    }
}

/// Whether the C compiler, by which rustc links, finds this archive: it prints the whole path of what it finds, and only the
/// name of what it doesn't.
fn has(archive: &str) -> bool {
    let output = Command::new("cc").arg(format!("-print-file-name=lib{archive}.a")).output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim().starts_with('/'))
}

/// The version of the C library that programs are linked with here.
fn glibc() -> Option<(u32, u32)> {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut numbers = text.trim().strip_prefix("glibc ")?.split('.').map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}
