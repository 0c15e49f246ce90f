//! Which `agentv` is the next one: never ourselves, by whatever name.

use std::path::{Path, PathBuf};

use super::{ECHO, fake, front, install, only, ours, path};
use crate::env::{Ran, TestEnv, bin_dir};

/// A directory with our `agentv` in it once more, made by `make(from, to)`.
fn again(env: &TestEnv, name: &str, make: impl Fn(&Path, &Path)) -> PathBuf {
    let dir = env.root().join(name);
    std::fs::create_dir(&dir).unwrap();
    make(&ours(), &dir.join("agentv"));
    dir
}

/// A symbolic link, a link to that link, a hard link and two copies of our `agentv`.
fn ours_in_other_ways(env: &TestEnv) -> Vec<PathBuf> {
    let symlink = again(env, "symlink", |from, to| std::os::unix::fs::symlink(from, to).unwrap());
    let twice = again(env, "twice", |_, to| std::os::unix::fs::symlink("../symlink/agentv", to).unwrap());
    let copy = again(env, "copy", |from, to| install(env, from, to));
    // Of a copy: the test's directory may be on another file system than our binary.
    let hard = again(env, "hard", |_, to| std::fs::hard_link(copy.join("agentv"), to).unwrap());
    let other = again(env, "other", |from, to| install(env, from, to));
    vec![symlink, twice, copy, hard, other]
}

#[test]
fn the_first_that_is_not_ours() {
    let env = TestEnv::new();
    let fake = fake(&env, "fake", ECHO);
    let again = ours_in_other_ways(&env);
    let mut paths: Vec<Vec<&Path>> = again.iter().map(|dir| vec![dir.as_path(), &fake]).collect();
    paths.push(again.iter().map(PathBuf::as_path).chain([fake.as_path()]).collect());
    paths.push(again.iter().rev().map(PathBuf::as_path).chain([fake.as_path()]).collect());
    for dirs in paths {
        for word in ["other", "eval"] {
            let ran = Ran::of(front(&env, path(&dirs)).args([word, "x"]));
            assert_eq!((ran.code, &*ran.stdout), (0, &*format!("{word}\0x\0")), "{dirs:?}: {ran:?}");
            // Whoever of us is called first.
            let mut command = env.command(dirs[0].join("agentv"), &env.repo);
            let ran = Ran::of(command.env("PATH", path(&dirs)).args([word, "x"]));
            assert_eq!((ran.code, &*ran.stdout), (0, &*format!("{word}\0x\0")), "{dirs:?}: {ran:?}");
        }
    }
}

#[test]
fn none_but_ours() {
    let env = TestEnv::new();
    let again = ours_in_other_ways(&env);
    let all: Vec<&Path> = again.iter().map(PathBuf::as_path).collect();
    let ours = bin_dir();
    for dirs in [vec![&*ours], [&all[..], &[&ours]].concat(), [&[&*ours], &all[..]].concat(), all.clone(), vec![]] {
        for args in [&["compare"][..], &["eval", "x.yaml"], &["--help"], &[]] {
            let ran = Ran::of(front(&env, only(&dirs)).args(args));
            assert_eq!((ran.code, &*ran.stdout), (128, ""), "{dirs:?} {args:?}: {ran:?}");
            assert!(ran.stderr.contains("no other 'agentv' on PATH"), "{}", ran.stderr);
            assert!(ran.stderr.contains("npm install -g agentv"), "{}", ran.stderr);
        }
    }
    let mut unset = front(&env, "");
    let said = Ran::of(unset.env_remove("PATH").arg("compare")).fails(128);
    assert!(said.contains("npm install -g agentv"), "{said}");
}

#[test]
fn what_cannot_be_run_is_passed_over() {
    let env = TestEnv::new();
    let fake = fake(&env, "fake", ECHO);
    let dir = again(&env, "dir", |_, to| std::fs::create_dir(to).unwrap());
    let plain = again(&env, "plain", |_, to| std::fs::write(to, "text").unwrap());
    let dangling = again(&env, "dangling", |_, to| std::os::unix::fs::symlink("nowhere", to).unwrap());
    let missing = env.root().join("missing");
    let ran = Ran::of(front(&env, path(&[&dir, &plain, &dangling, &missing, &fake])).arg("x"));
    assert_eq!(ran.ok(), "x\0");
}

#[test]
fn the_current_directory_on_path() {
    let env = TestEnv::new();
    let fake = fake(&env, "repo", ECHO);
    for here in ["", "."] {
        for word in ["x", "eval"] {
            let mut command = front(&env, path(&[Path::new(here)]));
            let ran = Ran::of(command.current_dir(&fake).arg(word));
            assert_eq!(ran.ok(), format!("{word}\0"), "{here:?}");
        }
    }
}

#[test]
fn in_a_directory_that_path_cannot_name() {
    let env = TestEnv::new();
    let fake = fake(&env, "fake", ECHO);
    let colon = again(&env, "a:b", |from, to| install(&env, from, to));
    let link = again(&env, "link", |_, to| std::os::unix::fs::symlink(colon.join("agentv"), to).unwrap());
    let mut command = env.command(link.join("agentv"), &env.repo);
    assert_eq!(
        Ran::of(command.env("PATH", only(&[&link, &fake, Path::new("/usr/bin"), Path::new("/bin")])).arg("x")).ok(),
        "x\0"
    );
    let mut command = env.command(link.join("agentv"), &env.repo);
    let said = Ran::of(command.env("PATH", only(&[&link])).arg("x")).fails(128);
    assert!(said.contains("no other 'agentv'"), "{said}");
}
