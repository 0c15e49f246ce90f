//! Hundreds of commits by a script that records runs, amends, rebases, picks, merges and gives up in between: no
//! trailer that names what is not there, and no run that waited for a commit and is not linked to one.
//!
//! Small by default; `AGENTV_TEST_FULL=1` makes 1,000 commits.

use std::collections::{BTreeMap, BTreeSet};

use crate::env::{TestEnv, copy_dir, data, write_small_bundle};
use crate::random::Random;

/// Somebody at work in a repository with hooks.
struct Worker {
    env: TestEnv,
    random: Random,
    /// Commits that were made with `git commit`.
    commits: u32,
    runs: u32,
    /// Runs that were pending when a commit was made on their commit, and the subject of that commit.
    due: BTreeMap<String, String>,
    /// Runs that wait for a commit on HEAD.
    waiting: Vec<String>,
    seconds: i64,
}

#[test]
fn no_dangling_trailer_and_no_unlinked_run() {
    let full = std::env::var_os("AGENTV_TEST_FULL").is_some_and(|value| value == "1");
    let seed = std::env::var("AGENTV_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut worker = Worker::new(seed);
    while worker.commits < if full { 1000 } else { 60 } {
        worker.act();
    }
    eprintln!("seed {seed}: {} commits, {} runs, {} of them due", worker.commits, worker.runs, worker.due.len());
    assert!(worker.due.len() > 10, "the script does something");
    worker.check();
}

impl Worker {
    fn new(seed: u64) -> Self {
        let env = TestEnv::new();
        env.agentv(["hooks", "install"]).ok();
        // The files of a real run, without its `summary.json` and index: those are made anew for each.
        let case = data().join("bundles/agentv-5.3.1/wrong--46de1196698a");
        copy_dir(&case, &env.root().join("case"));
        let random = Random::new(seed);
        let (due, waiting) = Default::default();
        Self { env, random, commits: 0, runs: 0, due, waiting, seconds: crate::env::NOW }
    }

    /// One step of work.
    fn act(&mut self) {
        // Each commit has a time of its own, so that nothing that is rewritten keeps its name.
        self.seconds += 60;
        let date = format!("@{} +0000", self.seconds);
        self.env.set("GIT_COMMITTER_DATE", &date);
        self.env.set("GIT_AUTHOR_DATE", &date);
        match self.random.below(20) {
            0..6 => self.record(),
            6..11 => self.commit(&[]),
            11 => self.commit(&["--no-verify"]),
            12 => self.edit(),
            13 => self.amend(),
            14 => self.give_up(),
            15 | 16 => self.rebase(),
            17 => self.pick(),
            18 => self.merge(),
            _ => self.switch(),
        }
    }

    fn git(&self, args: &[&str]) -> String {
        self.env.git(args).ok()
    }

    /// A small run with the files of a real one, recorded on HEAD.
    fn record(&mut self) {
        self.runs += 1;
        let name = format!("run-{}", self.runs);
        let dir = self.env.root().join("bundles").join(&name);
        copy_dir(&self.env.root().join("case"), &dir.join("only"));
        // It began after all that there is, hence on HEAD as it is now.
        write_small_bundle(&dir, &name, "2027-01-01T00:00:00.000Z");
        let said = self.env.agentv(["record", "--format", "json", dir.to_str().unwrap()]).json();
        let recorded = &said["recorded"][0];
        assert_eq!(recorded["source"]["commit"], self.git(&["rev-parse", "HEAD"]).trim());
        self.waiting.push(recorded["row"]["id"].as_str().unwrap().to_owned());
    }

    /// A change to one of five files, in the index.
    fn change(&mut self) {
        let file = format!("f{}", self.random.below(5));
        let path = self.env.repo.join(&file);
        let mut text = std::fs::read_to_string(&path).unwrap_or_default();
        text.push_str(&format!("{}\n", self.seconds));
        std::fs::write(path, text).unwrap();
        self.git(&["add", &file]);
    }

    fn subject(&mut self) -> String {
        self.commits += 1;
        let kind = ["plain words", "feat: like a trailer", "#12 a number", "Grüße"][self.random.below(4) as usize];
        format!("{kind} {}", self.commits)
    }

    /// HEAD moved by a commit of ours: what waited for it is due.
    fn made(&mut self, subject: &str) {
        for id in std::mem::take(&mut self.waiting) {
            self.due.insert(id, subject.to_owned());
        }
    }

    fn commit(&mut self, args: &[&str]) {
        self.change();
        let subject = self.subject();
        self.git(&[&["commit", "-q", "-m", &subject][..], args].concat());
        self.made(&subject);
    }

    fn edit(&mut self) {
        self.change();
        // An editor's lines with # are comments.
        let subject = self.subject().replace('#', "no. ");
        let editor = format!("sed -i '1s/^/{subject}/'");
        self.git(&["-c", &format!("core.editor={editor}"), "commit", "-q", "-v"]);
        self.made(&subject);
    }

    fn amend(&mut self) {
        if self.random.below(2) == 0 {
            self.change();
        }
        if self.random.below(2) == 0 {
            self.git(&["commit", "-q", "--amend", "--no-edit", "--allow-empty"]);
        } else {
            let subject = self.subject();
            self.git(&["commit", "-q", "--amend", "--allow-empty", "-m", &subject]);
        }
        self.made("amended");
    }

    /// Leaves the editor without a word.
    fn give_up(&mut self) {
        self.change();
        let before = self.git(&["rev-parse", "HEAD"]);
        self.env.git(["-c", "core.editor=:", "commit", "-q"]).fails(1);
        assert_eq!(self.git(&["rev-parse", "HEAD"]), before);
    }

    /// Reorders, squashes or fixes up some of the newest commits; gives up where they conflict.
    fn rebase(&mut self) {
        self.git(&["stash", "-q", "--include-untracked"]);
        let deep = self.env.git(["rev-parse", "-q", "--verify", "HEAD~5"]).code == 0;
        if deep && self.git(&["rev-list", "--merges", "--count", "HEAD~4..HEAD"]).trim() == "0" {
            let todo = [
                "2s/pick/squash/",
                "2s/pick/fixup/",
                "1{h;d};2G",
                "2,3s/pick/fixup/",
                "3s/pick/squash/",
                "2s/pick/reword/",
            ];
            let todo = todo[self.random.below(todo.len() as u64) as usize];
            let mut command = self.env.command("git", &self.env.repo);
            command.env("GIT_SEQUENCE_EDITOR", format!("sed -i '{todo}'")).env("GIT_EDITOR", ":");
            let done = command.args(["rebase", "-q", "-i", "HEAD~4"]).output().unwrap().status.success();
            if done {
                self.made("rebased");
            } else {
                self.git(&["rebase", "--abort"]);
            }
        }
        self.git(&["reset", "-q", "--hard"]);
        // There is nothing to drop where nothing was changed.
        let _ = self.env.git(["stash", "drop", "-q"]);
    }

    /// Another branch, made here or before; then back to where somebody left off.
    fn switch(&mut self) {
        self.git(&["reset", "-q", "--hard"]);
        let branch = format!("b{}", self.random.below(3));
        if self.env.git(["rev-parse", "-q", "--verify", &format!("refs/heads/{branch}")]).code == 0 {
            self.git(&["checkout", "-q", &branch]);
        } else {
            self.git(&["checkout", "-q", "-b", &branch]);
        }
        let head = self.git(&["rev-parse", "HEAD"]);
        self.only_on(head.trim());
    }

    /// What waits for a commit on another commit does not wait here.
    fn only_on(&mut self, head: &str) {
        let runs = self.env.runs();
        let on_head = |id: &String| runs.iter().any(|run| run["id"] == id.as_str() && run["sha"] == head);
        self.waiting.retain(on_head);
    }

    fn pick(&mut self) {
        self.git(&["reset", "-q", "--hard"]);
        let others = self.git(&["rev-list", "--no-merges", "--branches", "--not", "HEAD"]);
        let others: Vec<_> = others.lines().collect();
        if others.is_empty() {
            return;
        }
        let other = others[self.random.below(others.len() as u64) as usize];
        if self.env.git(["cherry-pick", other]).code == 0 {
            self.waiting.clear();
        } else {
            self.git(&["cherry-pick", "--abort"]);
        }
    }

    fn merge(&mut self) {
        self.git(&["reset", "-q", "--hard"]);
        let branch = format!("b{}", self.random.below(3));
        let before = self.git(&["rev-parse", "HEAD"]);
        if self.env.git(["merge", "-q", "--no-edit", &branch]).code != 0 {
            let _ = self.env.git(["merge", "--abort"]);
        }
        if self.git(&["rev-parse", "HEAD"]) != before {
            self.waiting.clear();
        }
    }

    fn check(&self) {
        let runs = self.env.runs();
        let known: BTreeSet<_> = runs.iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(known.len(), self.runs as usize);
        // As plain git sees it.
        let log = self.git(&["log", "--branches", "--format=%H %(trailers:key=Agentv-Run,valueonly,separator=%x2C)"]);
        let mut cited: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut reachable = BTreeSet::new();
        for line in log.lines() {
            let (commit, ids) = line.split_once(' ').unwrap();
            reachable.insert(commit);
            for id in ids.split(',').filter(|id| !id.is_empty()) {
                assert!(known.contains(id), "{commit} names {id}, which is no run");
                cited.entry(id).or_default().push(commit);
            }
        }
        let mut unlinked = Vec::new();
        for (id, subject) in &self.due {
            if cited.contains_key(id.as_str()) {
                continue;
            }
            let shown = self.env.agentv(["show", id, "--format", "json"]).json();
            let links = shown["overlay"]["links"].as_array().cloned().unwrap_or_default();
            if !links.iter().any(|link| reachable.contains(link["commit"].as_str().unwrap_or_default())) {
                unlinked.push(format!("{id}, due in '{subject}': {:?}, {:?}", shown["manifest"]["source"], links));
            }
        }
        assert!(unlinked.is_empty(), "{} of {} unlinked:\n{}", unlinked.len(), self.due.len(), unlinked.join("\n"));
        let by_link = self.due.keys().filter(|id| !cited.contains_key(id.as_str())).count();
        eprintln!("{} due: {} by trailer, {by_link} by link", self.due.len(), self.due.len() - by_link);
        let said = self.env.agentv(["links", "--format", "json"]).json();
        assert_eq!(said["missing"], serde_json::json!([]));
        for run in
            said["runs"].as_array().unwrap().iter().filter(|run| self.due.contains_key(run["id"].as_str().unwrap()))
        {
            assert!(matches!(run["state"].as_str(), Some("reachable" | "rewritten")), "{run}");
        }
        assert_eq!(std::fs::read_to_string(self.env.repo.join(".git/agentv/hook.log")).unwrap_or_default(), "");
        self.env.fsck();
    }
}
