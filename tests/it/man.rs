//! The man pages: committed, complete, rendered without complaint, found by `git agentv --help`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::CommandFactory;

use crate::env::{TestEnv, bin_dir, read_dir};

/// The pages that the program makes now.
fn made(env: &TestEnv) -> (PathBuf, BTreeMap<PathBuf, Vec<u8>>) {
    let dir = env.root().join("man");
    let said = env.agentv_in(env.root(), ["man", "--out", "man"]).ok();
    assert!(said.ends_with("pages in man\n"), "{said}");
    (dir.clone(), read_dir(&dir))
}

/// Whether `mandoc` is there; says so if not.
fn has_mandoc(env: &TestEnv) -> bool {
    let found = env.command("mandoc", env.root()).arg("-h").output().is_ok();
    if !found {
        eprintln!("skipped: mandoc is not installed");
    }
    found
}

/// Whether `man` is there: man-db's, not the stub of small images that only says how to get it.
fn has_man(env: &TestEnv) -> bool {
    let version = env.command("man", env.root()).arg("--version").output();
    let found = version.is_ok_and(|output| output.stdout.starts_with(b"man 2"));
    if !found {
        eprintln!("skipped: man-db is not installed");
    }
    found
}

#[test]
fn committed_pages_are_those_of_the_program() {
    let env = TestEnv::without_repo();
    let committed = read_dir(&Path::new(env!("CARGO_MANIFEST_DIR")).join("man"));
    let (_, made) = made(&env);
    let again = "make them again: rm man/*.1; cargo run -- man --out man";
    assert_eq!(committed.keys().collect::<Vec<_>>(), made.keys().collect::<Vec<_>>(), "{again}");
    for (name, page) in &made {
        assert!(committed[name] == *page, "man/{} is stale; {again}", name.display());
    }
}

#[test]
fn every_command_has_a_page_that_tells_all_its_options() {
    let env = TestEnv::without_repo();
    let (_, pages) = made(&env);
    let text = |name: &str| String::from_utf8(pages[Path::new(name)].clone()).unwrap().replace('\\', "");
    let mut top = git_agentv::cli::args::Cli::command();
    top.build();
    let mut expected = vec!["agentv.1".to_owned(), "git-agentv.1".into(), "git-remote-agentv.1".into()];
    let front = text("git-agentv.1");
    for command in top.get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = command.get_name();
        let page = text(&format!("git-agentv-{name}.1"));
        expected.push(format!("git-agentv-{name}.1"));
        assert!(page.contains(&format!(".SH NAME\ngit-agentv-{name} - ")), "{page}");
        assert!(page.contains(&format!(".SH SYNOPSIS\n.SY \"git agentv {name}\"")), "{page}");
        for option in command.get_arguments().filter_map(|arg| arg.get_long()) {
            assert!(page.contains(&format!("fB--{option}fR")), "{name} --{option}: {page}");
        }
        // What `-h` shows after the options is there too, line by line where it is an example.
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        for line in after.lines().filter(|line| line.starts_with("  git agentv")) {
            assert!(
                page.contains(&format!("\n{}\n", line.trim().replace('\'', "(aq").replace('~', "(ti"))),
                "{line}: {page}"
            );
        }
        assert!(front.contains(&format!("fBgit-agentv-{name}fR(1)")), "{front}");
    }
    expected.sort();
    assert_eq!(pages.keys().map(|name| name.to_str().unwrap()).collect::<Vec<_>>(), expected);
    for section in ["EXIT STATUS", "ENVIRONMENT", "CONFIGURATION", "FILES", "SEE ALSO"] {
        assert!(front.contains(&format!("\n.SH {section}\n")), "{section}");
    }
}

#[test]
fn pages_refer_to_pages_that_exist() {
    let env = TestEnv::without_repo();
    let (_, pages) = made(&env);
    for (name, page) in &pages {
        let page = String::from_utf8(page.clone()).unwrap().replace('\\', "");
        for (before, _) in page.match_indices("fR(1)").map(|(at, _)| page.split_at(at)) {
            let referred = before.rsplit("fB").next().unwrap();
            let known = referred == "git" || pages.contains_key(Path::new(&format!("{referred}.1")));
            assert!(known, "{} refers to {referred}(1)", name.display());
        }
    }
}

#[test]
fn mandoc_finds_nothing_wrong() {
    let env = TestEnv::without_repo();
    let (dir, pages) = made(&env);
    if !has_mandoc(&env) {
        return;
    }
    for name in pages.keys() {
        let ran = env.run("mandoc", &dir, ["-T", "lint", "-W", "warning", name.to_str().unwrap()]);
        // No date on purpose: pages would change with the day on which they are made.
        let said: Vec<_> = ran.stdout.lines().filter(|line| !line.contains("missing date")).collect();
        assert!(said.is_empty(), "{}", said.join("\n"));
    }
}

#[test]
fn man_renders_without_warnings() {
    let mut env = TestEnv::without_repo();
    env.set("MANWIDTH", "80");
    let (dir, pages) = made(&env);
    if !has_man(&env) {
        return;
    }
    for name in pages.keys() {
        let ran = env.run("man", &dir, ["--warnings", "-l", name.to_str().unwrap()]);
        assert!(ran.code == 0 && ran.stderr.is_empty(), "{}: {}", name.display(), ran.stderr);
        assert!(ran.stdout.contains("\nSYNOPSIS\n"), "{}", ran.stdout);
    }
    let record = env.run("man", &dir, ["-l", "git-agentv-record.1"]).ok();
    let line = "git agentv record out/ --name nightly --target my-agent --metric accuracy=0.93\n";
    assert!(record.contains(line), "an example is shown as it is typed: {record}");
}

#[test]
fn one_page_is_printed() {
    let env = TestEnv::without_repo();
    let page = |args: &[&str]| env.agentv_in(env.root(), [&["man"], args].concat()).ok();
    assert!(page(&[]).contains(".TH GIT\\-AGENTV 1 "));
    assert!(page(&["record"]).contains(".TH GIT\\-AGENTV\\-RECORD 1 "));
    assert_eq!(page(&["ls"]), page(&["list"]), "an alias");
    assert_eq!(page(&["git-agentv-list"]), page(&["list"]));
    assert!(page(&["agentv"]).contains(".TH AGENTV 1 "));
    let said = env.agentv_in(env.root(), ["man", "recrod"]).fails(2);
    assert!(said.contains("no page 'recrod'") && said.contains("record, run, list"), "{said}");
}

#[test]
fn installed_pages_are_what_help_shows() {
    let mut env = TestEnv::new();
    // As `cargo install` would: in a `bin` that is on PATH, which is where man looks from.
    let bin = env.root().join("home/.cargo/bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::copy(bin_dir().join("git-agentv"), bin.join("git-agentv")).unwrap();
    let path = std::env::join_paths(
        std::iter::once(bin.clone()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    env.set("PATH", path.unwrap());
    env.set("MANPAGER", "cat");
    env.set("MANWIDTH", "80");
    let said = env.agentv(["man", "--install"]).ok();
    let dir = env.root().join("home/.cargo/share/man/man1");
    assert!(said.contains(dir.to_str().unwrap()), "{said}");
    assert!(dir.join("git-agentv-record.1").is_file());
    if !has_man(&env) {
        return;
    }
    let help = env.agentv(["--help"]).ok();
    assert!(help.starts_with("GIT-AGENTV(1)"), "{help}");
    assert!(help.contains("git-agentv-record(1)"), "{help}");
    let page = env.run("man", &env.repo, ["git-agentv-record"]).ok();
    assert!(page.contains("git-agentv-record - Record"), "{page}");
}

#[test]
fn pages_go_to_the_users_place_where_the_programs_has_none() {
    let mut env = TestEnv::new();
    let said = env.agentv(["man", "--install"]).ok();
    assert!(said.contains("/home/.local/share/man/man1"), "{said}");
    assert!(env.root().join("home/.local/share/man/man1/git-agentv.1").is_file());
    env.set("XDG_DATA_HOME", env.root().join("data"));
    env.agentv(["man", "--install"]).ok();
    assert!(env.root().join("data/man/man1/git-agentv.1").is_file());
    // A file in the way.
    std::fs::write(env.root().join("file"), "").unwrap();
    let said = env.agentv(["man", "--out", "../file/x"]).fails(128);
    assert!(said.contains("cannot write man pages"), "{said}");
}
