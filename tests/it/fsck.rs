//! `git agentv fsck`: nothing is found in what we make, each damage is found and named, what can be derived is
//! repaired, and what can't is told again.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::env::{Ran, TestEnv, copy_dir, write_small_bundle};

mod cases;
mod clean;
mod clones;
mod damage;
mod derived;
mod places;

pub const RUNS: &str = "refs/agentv/runs/v1";

/// A repository with a window of three, eight runs, changed, deleted and restored ones, one with a file in parts.
pub fn world() -> TestEnv {
    let env = TestEnv::new();
    fill(&env);
    env
}

pub fn fill(env: &TestEnv) {
    env.git(["config", "agentv.window", "3"]).ok();
    env.git(["config", "agentv.maxBlobSize", "1k"]).ok();
    for n in 0..8 {
        let dir = env.repo.join(format!(".agentv/results/small-{n}"));
        write_small_bundle(&dir, &format!("small-{n}"), &format!("2026-07-04T10:00:{n:02}.000Z"));
        if n == 7 {
            let text: String = (0..500).map(|n| format!("line {n}\n")).collect();
            std::fs::write(dir.join("only/large.txt"), text).unwrap();
        }
        env.agentv(["record"]).ok();
        match n {
            2 => drop(env.agentv(["delete", "small-0"]).ok()),
            3 => drop(env.agentv(["restore", "small-0"]).ok()),
            6 => drop(env.agentv(["tag", "small-5", "+a", "+b"]).ok()),
            7 => drop(env.agentv(["delete", "small-6"]).ok()),
            _ => {}
        }
    }
}

/// The id of the run `small-<n>`.
pub fn id(env: &TestEnv, n: u32) -> String {
    let shown = env.agentv(["list", "-n", "0", "--deleted", "--format", "json"]).json();
    let name = format!("small-{n}");
    let runs = shown["runs"].as_array().unwrap();
    runs.iter().find(|run| run["run_id"] == name.as_str()).unwrap()["id"].as_str().unwrap().to_owned()
}

/// All rows, deleted ones too, and what `show` says of each run; by id.
pub fn all_that_is_said(env: &TestEnv) -> BTreeMap<String, (Value, String)> {
    let shown = env.agentv(["list", "-n", "0", "--deleted", "--format", "json"]).json();
    let one = |run: &Value| {
        let id = run["id"].as_str().unwrap().to_owned();
        let shown = env.agentv(["show", &id, "--format", "json"]).stdout;
        (id, (run.clone(), shown))
    };
    shown["runs"].as_array().unwrap().iter().map(one).collect()
}

/// The lines that name problems, without the summary.
pub fn problems(ran: &Ran) -> Vec<String> {
    let is_one = |line: &&str| !line.starts_with("checked ") && !line.starts_with("note: ");
    ran.stdout.lines().filter(is_one).map(str::to_owned).collect()
}

#[track_caller]
pub fn is_clean(env: &TestEnv, dir: impl AsRef<Path>) -> String {
    let ran = env.agentv_in(dir, ["fsck"]);
    assert!(ran.code == 0 && ran.stdout.lines().next().unwrap().ends_with("no problems"), "{ran:?}");
    ran.stdout
}

/// Git plumbing that makes damage.
pub struct Plumbing<'e> {
    pub env: &'e TestEnv,
}

impl Plumbing<'_> {
    pub fn git(&self, args: &[&str]) -> String {
        self.env.git(args).ok().trim().to_owned()
    }

    pub fn blob(&self, content: &[u8]) -> String {
        self.env.git_stdin(["hash-object", "-w", "--stdin"], content)
    }

    pub fn text(&self, what: &str) -> String {
        self.env.git(["cat-file", "blob", what]).ok()
    }

    /// The tree `root` with an entry at `path` replaced (`mode type id`), or taken out.
    pub fn with(&self, root: &str, path: &str, entry: Option<&str>) -> String {
        let (first, rest) = path.split_once('/').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let listed = self.env.git(["ls-tree", root]).ok();
        let ends = format!("\t{first}");
        let old = listed.lines().find(|line| line.ends_with(&ends));
        let entry = match rest {
            None => entry.map(str::to_owned),
            Some(rest) => {
                let empty = || self.env.git_stdin(["mktree"], b"");
                let below = old.map_or_else(empty, |line| line[12..].split('\t').next().unwrap().to_owned());
                Some(format!("040000 tree {}", self.with(&below, rest, entry)))
            }
        };
        let kept = listed.lines().filter(|line| !line.ends_with(&ends)).map(|line| format!("{line}\n"));
        let mut all: String = kept.collect();
        if let Some(entry) = entry {
            all += &format!("{entry}\t{first}\n");
        }
        self.env.git_stdin(["mktree"], all.as_bytes())
    }

    /// Puts a commit on the ref.
    pub fn commit(&self, tree: &str, message: &str) {
        let tip = self.git(&["rev-parse", RUNS]);
        let commit = self.env.git_stdin(["commit-tree", tree, "-p", &tip, "-F", "-"], message.as_bytes());
        self.git(&["update-ref", RUNS, &commit]);
    }

    pub fn root(&self) -> String {
        self.git(&["rev-parse", &format!("{RUNS}^{{tree}}")])
    }

    /// Puts a file into the directory of a run in the tip, with the run's row remade by hand.
    pub fn change_run(&self, id: &str, path: &str, entry: Option<&str>) {
        let at = format!("{}/{}", &id[..2], &id[2..]);
        let root = self.with(&self.root(), &format!("{at}/{path}"), entry);
        let tree = self.git(&["rev-parse", &format!("{root}:{at}")]);
        let row = self.row(id);
        let old = row["tree"].as_str().unwrap();
        let line = self.line(id).replace(old, &tree);
        self.commit(&root, &format!("x\n\nAgentv-Run: {id}\nAgentv-Op: overlay\nAgentv-Row: {line}\n"));
    }

    /// The row of a run as the log has it.
    pub fn line(&self, id: &str) -> String {
        let log = self.env.git(["log", "--format=%B", &format!("--grep=^Agentv-Run: {id}"), RUNS]).ok();
        log.lines().find_map(|line| line.strip_prefix("Agentv-Row: ")).unwrap().to_owned()
    }

    pub fn row(&self, id: &str) -> Value {
        serde_json::from_str(&self.line(id)).unwrap()
    }

    /// Removes an object.
    pub fn remove_object(&self, id: &str) {
        unpack(self.env, &self.env.repo);
        std::fs::remove_file(self.env.repo.join(".git/objects").join(&id[..2]).join(&id[2..])).unwrap();
    }
}

/// Makes every object a loose one.
pub fn unpack(env: &TestEnv, repo: &Path) {
    let git_dir = repo.join(env.git_in(repo, ["rev-parse", "--git-dir"]).ok().trim());
    let packs = git_dir.join("objects/pack");
    let aside = env.root().join("aside");
    let _ = std::fs::remove_dir_all(&aside);
    copy_dir(&packs, &aside);
    for entry in std::fs::read_dir(&packs).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for entry in std::fs::read_dir(&aside).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "pack") {
            let pack = std::fs::File::open(path).unwrap();
            Ran::of(env.command("git", repo).args(["unpack-objects", "-q"]).stdin(pack)).ok();
        }
    }
}
