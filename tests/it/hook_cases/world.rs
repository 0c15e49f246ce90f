//! Two repositories that go through the same: one with the hooks and with runs, its twin with neither.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::env::{Ran, TestEnv, copy_dir, data, write_small_bundle};
use crate::gits::Git;

use super::Case;

/// What both sides' scripts begin with.
const PRELUDE: &str = r#"set -e
change() { printf '%s\n' "$1" >>f; git add f; }
refused() { if "$@"; then echo "this should not have made a commit" >&2; exit 99; fi; }
"#;

/// With hooks. Runs: a and b are real ones, c, d and e are small.
const HOOKED: &str = r#"
hooks() { git agentv hooks install >/dev/null 2>&1; }
record() {
    for run; do
        git agentv record --format json "$BUNDLES/$run" >"$IDS/json"
        sed -n 's/^ *"id": "\([0-9a-f]*\)".*/\1/p' "$IDS/json" >"$IDS/$run.id"
    done
}
hooked() { "$@"; }
delete() { for run; do git agentv delete "$(id "$run")" >/dev/null; done; }
id() { cat "$IDS/$1.id"; }
linked() {
    place=$(id "$1" | sed 's|^..|&/|')
    git show "refs/agentv/runs/v1:$place/overlay.json" 2>/dev/null | grep -q "\"$(git rev-parse "$2")\"" || {
        echo "run $1 is not linked to $2, $(git rev-parse "$2")" >&2
        exit 98
    }
}
"#;

/// Without.
const PLAIN: &str = r#"
hooks() { mkdir -p "$(git rev-parse --git-path hooks)"; }
record() { :; }
hooked() { :; }
delete() { :; }
linked() { :; }
"#;

/// Where all repositories of a git begin: one commit, runs a and b made on it, and a change in the index.
const BASE: &str = "printf '1\\n' >f; git add f; git commit -q -m first; hooks; record a b; change 2";

/// Small programs that stand in for a person with an editor.
const EDITORS: [(&str, &str); 11] = [
    ("ed-noop", ":"),
    ("ed-fail", "exit 1"),
    ("ed-empty", ": >\"$1\""),
    // On the first line, where the cursor is.
    (
        "ed-subject",
        "{ echo 'typed subject'; if [ -n \"$(head -n 1 \"$1\")\" ]; then cat \"$1\"; else tail -n +2 \"$1\"; fi; } >\"$1.new\"; cat \"$1.new\" >\"$1\"; rm \"$1.new\"",
    ),
    (
        "ed-body",
        "{ printf 'typed subject\\n\\nA body: with\\nseveral lines.\\n'; cat \"$1\"; } >\"$1.new\"; cat \"$1.new\" >\"$1\"; rm \"$1.new\"",
    ),
    (
        "ed-trailer",
        "{ printf 'typed subject\\n\\nReviewed-by: B\\n'; cat \"$1\"; } >\"$1.new\"; cat \"$1.new\" >\"$1\"; rm \"$1.new\"",
    ),
    ("ed-delete", "sed -i '/^Agentv-Run:/d; 1s/^/typed subject/' \"$1\""),
    ("ed-overwrite", "echo 'written anew' >\"$1\""),
    ("ed-replace", "printf 'other subject\\n' >\"$1.new\"; tail -n +2 \"$1\" >>\"$1.new\"; mv \"$1.new\" \"$1\""),
    ("ed-swap", "sed -i '1{h;d};2G' \"$1\""),
    ("ed-comments-only", "grep '^[#;/]' \"$1\" >\"$1.new\" || :; mv \"$1.new\" \"$1\""),
];

/// What all cases of one git share: programs, bundles, repositories to start from.
pub(super) struct World {
    pub(super) git: Git,
    env: TestEnv,
    bases: Mutex<HashMap<&'static [&'static str], PathBuf>>,
}

/// One of the two sides after its script.
pub(super) struct Side {
    pub(super) ran: Ran,
    pub(super) commits: Vec<Commit>,
    /// What `git status` says.
    pub(super) status: String,
    /// Names of runs by id.
    pub(super) runs: BTreeMap<String, String>,
    /// What the hooks logged.
    pub(super) log: String,
}

/// A commit, without the names that differ between the two sides.
pub(super) struct Commit {
    pub(super) name: String,
    pub(super) headers: Vec<u8>,
    pub(super) message: Vec<u8>,
}

impl World {
    pub(super) fn new(git: Git) -> Self {
        let env = TestEnv::without_repo();
        let tools = env.root().join("tools");
        std::fs::create_dir(&tools).unwrap();
        for (name, script) in EDITORS {
            write_program(&tools.join(name), &format!("#!/bin/sh\n{script}\n"));
        }
        let bundles = env.root().join("bundles");
        copy_dir(&data().join("bundles/agentv-5.3.1"), &bundles.join("a"));
        copy_dir(&data().join("bundles/agentv-4.42.4"), &bundles.join("b"));
        for name in ["c", "d", "e"] {
            write_small_bundle(&bundles.join(name), name, "2026-11-22T08:00:00.000Z");
        }
        Self { git, env, bases: Mutex::default() }
    }

    /// Both sides of a case, hooked first, and what `look` finds in the repository with hooks.
    pub(super) fn both<T>(&self, case: &Case, look: impl FnOnce(&Side, &Path) -> T) -> ([Side; 2], T) {
        let base = self.base(case.init);
        let env = TestEnv::without_repo();
        let sides = ["hooked", "plain"].map(|side| {
            let top = env.root().join(side);
            copy_dir(&base.join(side), &top);
            let ran = self.script(&env, side, &top.join("repo"), case.script);
            self.look(&env, side, &top.join(case.look_in), ran)
        });
        let found = look(&sides[0], &env.root().join("hooked").join(case.look_in));
        (sides, found)
    }

    /// Repositories to start from, made once for each kind.
    fn base(&self, init: &'static [&'static str]) -> PathBuf {
        let mut bases = self.bases.lock().unwrap();
        let next = bases.len();
        bases.entry(init).or_insert_with(|| {
            let base = self.env.root().join(format!("base-{next}"));
            for side in ["hooked", "plain"] {
                let top = base.join(side);
                std::fs::create_dir_all(top.join("ids")).unwrap();
                let mut git = self.env.command(&self.git.program, &top);
                Ran::of(git.args(["init", "-q", "-b", "main"]).args(init).arg("repo")).ok();
                self.script(&self.env, side, &top.join("repo"), BASE).ok();
            }
            base
        });
        bases[init].clone()
    }

    /// Runs a script on one side, in `dir`.
    fn script(&self, env: &TestEnv, side: &str, dir: &Path, script: &str) -> Ran {
        let words = if side == "hooked" { HOOKED } else { PLAIN };
        let mut command = env.command("sh", dir);
        let tools = self.env.root().join("tools");
        let path = |with_us| {
            let rest = self.git.path(with_us);
            std::env::join_paths(std::iter::once(tools.clone()).chain(std::env::split_paths(&rest))).unwrap()
        };
        command.env("PATH", path(true)).env("PATH_WITHOUT_US", path(false));
        command.env("TOP", dir.parent().unwrap()).env("IDS", dir.parent().unwrap().join("ids"));
        command.env("BUNDLES", self.env.root().join("bundles"));
        Ran::of(command.arg("-c").arg(format!("{PRELUDE}{words}{script}")))
    }

    fn look(&self, env: &TestEnv, side: &str, dir: &Path, mut ran: Ran) -> Side {
        let git = |args: &[&str]| {
            let mut command = env.command(&self.git.program, dir);
            Ran::of(command.env("PATH", self.git.path(true)).args(args))
        };
        let head: &[&str] = if git(&["rev-parse", "-q", "--verify", "HEAD"]).code == 0 { &["HEAD"] } else { &[] };
        let list = git(&[&["rev-list", "--reverse", "--topo-order", "--branches"], head].concat()).ok();
        let commits = list.lines().map(|name| commit(name, &git(&["cat-file", "commit", name]).raw)).collect();
        let mut runs = BTreeMap::new();
        for entry in std::fs::read_dir(env.root().join(side).join("ids")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "id") {
                let id = std::fs::read_to_string(&path).unwrap().trim().to_owned();
                runs.insert(id, path.file_stem().unwrap().to_string_lossy().into_owned());
            }
        }
        let common = git(&["rev-parse", "--path-format=absolute", "--git-common-dir"]).ok();
        let log = std::fs::read_to_string(Path::new(common.trim()).join("agentv/hook.log")).unwrap_or_default();
        let status = git(&["-c", "core.commentChar=#", "status", "--porcelain=v2", "--untracked-files=all"]).ok();
        ran.stdout = without_names(&ran.stdout, side);
        ran.stderr = without_names(&ran.stderr, side);
        Side { ran, commits, status: without_names(&status, side), runs, log }
    }

    /// The runs that git itself finds in the trailers of a message: with `%(trailers)` and with `interpret-trailers`.
    /// It reads as somebody else would, in another repository without the settings of the case.
    pub(super) fn cited(&self, case: &Case, commit: &Commit, dir: &Path) -> [Vec<String>; 2] {
        let env = &self.env;
        let elsewhere = self.base(case.init).join("plain/repo");
        let mut objects = env.command(&self.git.program, dir);
        let objects = objects.args(["rev-parse", "--path-format=absolute", "--git-path", "objects"]);
        let objects = Ran::of(objects).ok();
        let mut log = env.command(&self.git.program, &elsewhere);
        log.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", objects.trim());
        let format = "--format=%(trailers:key=Agentv-Run,valueonly)";
        let shown = Ran::of(log.args(["log", "-1", format, &commit.name])).ok();
        let file = tempfile::NamedTempFile::new_in(env.root()).unwrap();
        std::fs::write(file.path(), &commit.message).unwrap();
        let mut parse = env.command(&self.git.program, &elsewhere);
        let parse = parse.args(["interpret-trailers", "--parse", "--no-divider"]).arg(file.path());
        let parsed = Ran::of(parse).ok();
        let values = |text: &str, prefix: &str| {
            text.lines()
                .filter_map(|line| line.strip_prefix(prefix))
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect()
        };
        [values(&shown, ""), values(&parsed, "Agentv-Run: ")]
    }
}

pub(super) fn write_program(path: &Path, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, script).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// What the two sides have in common of a commit.
fn commit(name: &str, raw: &[u8]) -> Commit {
    let end = raw.windows(2).position(|two| two == b"\n\n").map_or(raw.len(), |at| at + 1);
    let mut headers = Vec::new();
    for line in raw[..end].split_inclusive(|&byte| byte == b'\n') {
        headers.extend_from_slice(if line.starts_with(b"parent ") { b"parent\n" } else { line });
    }
    Commit { name: name.to_owned(), headers, message: raw.get(end + 1..).unwrap_or_default().to_vec() }
}

/// Output in which object names and the two sides' directories look the same.
fn without_names(text: &str, side: &str) -> String {
    let text = text.replace(&format!("/{side}/"), "/side/");
    let mut out = String::new();
    let mut digits = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_digit() || ('a'..='f').contains(&c) {
            digits.push(c);
            continue;
        }
        out.push_str(if digits.len() >= 7 { "<name>" } else { &digits });
        digits.clear();
        out.push(c);
    }
    out.pop();
    out
}
