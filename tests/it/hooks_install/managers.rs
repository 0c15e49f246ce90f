//! The real husky, lefthook and pre-commit, where their registries can be reached.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use git_agentv::hooks::Event;

use super::{EVENTS, hooks_dir, links_a_commit, put, snapshot};
use crate::env::TestEnv;

/// Runs an installer in a directory that outlives the test; says why if that fails.
fn fetch(program: &str, args: &[&str], wanted: &Path) -> Option<PathBuf> {
    if wanted.exists() {
        return Some(wanted.to_owned());
    }
    std::fs::create_dir_all(cache()).unwrap();
    let ran = Command::new(program).args(args).current_dir(cache()).stdin(Stdio::null()).output();
    let said = match ran {
        Ok(output) if output.status.success() && wanted.exists() => return Some(wanted.to_owned()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned(),
        Err(err) => err.to_string(),
    };
    eprintln!("skipped: {} cannot be installed with {program}: {said}", wanted.display());
    None
}

fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("hook-managers")
}

/// husky and lefthook.
fn node_modules() -> Option<PathBuf> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let get = || {
        let args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=0", "--prefix", "."];
        let args = [&args[..], &["husky@9", "lefthook@2"]].concat();
        fetch("npm", &args, &cache().join("node_modules/.bin/lefthook"))?;
        Some(cache().join("node_modules"))
    };
    FOUND.get_or_init(get).clone()
}

fn pre_commit() -> Option<PathBuf> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let get = || {
        fetch("python3", &["-m", "venv", "python"], &cache().join("python/bin/pip"))?;
        let pip = cache().join("python/bin/pip");
        let args = ["install", "--quiet", "--retries", "0", "--timeout", "30", "pre-commit==4.*"];
        fetch(pip.to_str().unwrap(), &args, &cache().join("python/bin/pre-commit"))
    };
    FOUND.get_or_init(get).clone()
}

/// The text that `install` prints for `event`, without the line above it.
fn printed(said: &str, event: &str) -> String {
    let (_, rest) = said.split_once(&format!("\n{event}, in ")).unwrap_or_else(|| panic!("{event}: {said}"));
    let text = rest.split_once('\n').unwrap().1;
    let end = text.find("\n\n").map_or(text.len(), |at| at + 1);
    text[..end].to_owned()
}

#[test]
fn husky() {
    let Some(modules) = node_modules() else { return };
    let env = TestEnv::new();
    put(&env.repo.join("package.json"), "{}\n", 0o644);
    put(&env.repo.join(".gitignore"), "node_modules\n", 0o644);
    std::os::unix::fs::symlink(&modules, env.repo.join("node_modules")).unwrap();
    env.run(modules.join(".bin/husky").to_str().unwrap(), &env.repo, [""; 0]).ok();
    assert_eq!(env.git(["config", "core.hooksPath"]).ok().trim(), ".husky/_");
    put(&env.repo.join(".husky/commit-msg"), "echo \"$1\" >>../log\n", 0o644);
    put(&env.repo.join(".husky/pre-commit"), "echo pre-commit >>../log\n", 0o644);
    let before = snapshot(&env.repo.join(".husky"));
    let said = env.agentv(["hooks", "install"]).ok();
    assert_eq!(snapshot(&env.repo.join(".husky")), before);
    let found = env.agentv(["hooks", "status"]);
    assert_eq!(found.code, 1);
    assert_eq!(found.stdout.matches("belongs to husky, which does not call us").count(), 3, "{found:?}");
    for event in EVENTS {
        assert!(said.contains(&format!("add as first line to .husky/{event}\n")), "{said}");
        let path = env.repo.join(".husky").join(event);
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        put(&path, printed(&said, event) + &text, 0o644);
    }
    let log = env.root().join("log");
    let _ = std::fs::remove_file(&log);
    env.agentv(["hooks", "status"]).ok();
    assert!(!log.exists() || !std::fs::read_to_string(&log).unwrap().contains("pre-commit"), "it is not ours to run");
    let _ = std::fs::remove_file(&log);
    assert!(links_a_commit(&env, &env.repo, 1));
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "pre-commit\n.git/COMMIT_EDITMSG\n");
    let before = snapshot(&env.repo.join(".husky"));
    assert_eq!(env.agentv(["hooks", "install"]).ok().matches("calls git agentv already").count(), 3);
    env.agentv(["hooks", "uninstall"]).ok();
    assert_eq!(snapshot(&env.repo.join(".husky")), before);
}

#[test]
fn lefthook() {
    let Some(modules) = node_modules() else { return };
    let mut env = TestEnv::new();
    let path = std::env::join_paths(
        [crate::env::bin_dir(), modules.join(".bin")]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    env.set("PATH", path.unwrap());
    let config = env.repo.join("lefthook.yml");
    let one = |event: &str| format!("{event}:\n  commands:\n    mine:\n      run: echo {event} >>../log\n");
    put(&config, one("commit-msg"), 0o644);
    let own = env.git(["config", "core.hooksPath"]).code;
    env.run("lefthook", &env.repo, ["install"]).ok();
    assert_eq!(env.git(["config", "core.hooksPath"]).code, own);
    // Only one of the three is lefthook's, as yet.
    let before = snapshot(&hooks_dir(&env));
    let said = env.agentv(["hooks", "install"]).ok();
    assert_eq!(said.matches(" installed: ").count(), 2, "{said}");
    let text = printed(&said, "commit-msg");
    let log = env.root().join("log");
    // Its commands of one hook are under one key.
    let commands = text.split_once("commands:\n").unwrap().1;
    put(&config, one("commit-msg") + commands, 0o644);
    env.run("lefthook", &env.repo, ["install"]).ok();
    env.agentv(["hooks", "status"]).ok();
    let _ = std::fs::remove_file(&log);
    assert!(links_a_commit(&env, &env.repo, 1));
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "commit-msg\n");
    env.agentv(["hooks", "uninstall"]).ok();
    assert_eq!(snapshot(&hooks_dir(&env)), before);
    // All three.
    put(&config, EVENTS.map(one).concat(), 0o644);
    env.run("lefthook", &env.repo, ["install"]).ok();
    let said = env.agentv(["hooks", "install"]).ok();
    assert_eq!(said.matches("add to lefthook.yml").count(), 3, "{said}");
    put(&config, EVENTS.map(|event| printed(&said, event)).concat(), 0o644);
    env.run("lefthook", &env.repo, ["install"]).ok();
    let found = env.agentv(["hooks", "status"]);
    assert_eq!(found.stdout.matches("called by lefthook").count(), 3, "{found:?}");
    found.ok();
    assert!(links_a_commit(&env, &env.repo, 2));
}

#[test]
fn pre_commit_with_its_own_hooks() {
    let Some(program) = pre_commit() else { return };
    let env = TestEnv::new();
    let run = |args: &[&str]| env.run(program.to_str().unwrap(), &env.repo, args).ok();
    let config = env.repo.join(".pre-commit-config.yaml");
    put(&config, "repos: []\n", 0o644);
    env.git(["add", "."]).ok();
    // It only owns a hook that is none of ours.
    run(&["install"]);
    let before = snapshot(&hooks_dir(&env));
    let said = env.agentv(["hooks", "install"]).ok();
    assert_eq!(said.matches(" installed: ").count(), 2, "{said}");
    env.agentv(["hooks", "status"]).ok();
    env.agentv(["hooks", "uninstall"]).ok();
    assert_eq!(snapshot(&hooks_dir(&env)), before);
    // It owns two of them.
    run(&["install", "--hook-type", "prepare-commit-msg", "--hook-type", "commit-msg"]);
    let before = snapshot(&hooks_dir(&env));
    let said = env.agentv(["hooks", "install"]).ok();
    assert_eq!(said.matches("add to the 'repos:' of .pre-commit-config.yaml").count(), 2, "{said}");
    let texts = ["prepare-commit-msg", "commit-msg"].map(|event| printed(&said, event)).concat();
    put(&config, format!("repos:\n{texts}"), 0o644);
    env.git(["add", "."]).ok();
    let found = env.agentv(["hooks", "status"]);
    assert_eq!(found.stdout.matches("called by pre-commit").count(), 2, "{found:?}");
    found.ok();
    assert!(links_a_commit(&env, &env.repo, 1));
    env.agentv(["hooks", "uninstall"]).ok();
    assert_eq!(snapshot(&hooks_dir(&env)), before);
    // It keeps what post-rewrite needs to itself.
    run(&["install", "--hook-type", "post-rewrite"]);
    let said = env.agentv(["hooks", "install"]).ok();
    assert!(said.contains("pre-commit uninstall --hook-type post-rewrite"), "{said}");
    run(&["uninstall", "--hook-type", "post-rewrite"]);
    env.agentv(["hooks", "install"]).ok();
    env.agentv(["hooks", "status"]).ok();
}

#[test]
fn pre_commit_that_came_after_us() {
    let Some(program) = pre_commit() else { return };
    let env = TestEnv::new();
    let run = |args: &[&str]| env.run(program.to_str().unwrap(), &env.repo, args).ok();
    let config = env.repo.join(".pre-commit-config.yaml");
    put(&config, "repos: []\n", 0o644);
    env.git(["add", "."]).ok();
    env.agentv(["hooks", "install"]).ok();
    // As an older version had it.
    put(&hooks_dir(&env).join("commit-msg"), git_agentv::hooks::install::script(Event::CommitMsg), 0o755);
    let hooks = ["--hook-type", "prepare-commit-msg", "--hook-type", "commit-msg"];
    run(&[&["install"], &hooks[..]].concat());
    assert!(hooks_dir(&env).join("commit-msg.legacy").is_file());
    let found = env.agentv(["hooks", "status"]);
    assert_eq!(found.stdout.matches("called by pre-commit").count(), 2, "{found:?}");
    found.ok();
    assert!(links_a_commit(&env, &env.repo, 1));
    env.agentv(["hooks", "uninstall"]).ok();
    assert!(!hooks_dir(&env).join("commit-msg.legacy").exists());
    assert!(!links_a_commit(&env, &env.repo, 2));
    // Of one that is there on demand it knows nothing.
    run(&[&["uninstall"], &hooks[..]].concat());
    env.agentv(["hooks", "install"]).ok();
    run(&[&["install"], &hooks[..]].concat());
    let found = env.agentv(["hooks", "status"]);
    assert_eq!(found.code, 1);
    assert!(found.stdout.contains("belongs to pre-commit, which does not call us"), "{found:?}");
    assert!(found.stdout.contains("nothing of ours would run after the editor"), "{found:?}");
    assert!(links_a_commit(&env, &env.repo, 3));
    let text = printed(&found.stdout, "commit-msg");
    put(&config, format!("repos:\n{text}"), 0o644);
    env.git(["add", "."]).ok();
    env.agentv(["hooks", "status"]).ok();
}
