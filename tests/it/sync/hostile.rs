//! Remotes that mean harm: nothing is written outside the object store, memory stays bounded, errors are clear, and
//! the own runs stay as they are.
//!
//! Small by default; `AGENTV_TEST_FULL=1` makes a blob of 5 GB and a tree of 10,000,000 entries.

use std::io::Write;
use std::process::{Command, Stdio};

use super::*;
use crate::env::{bin_dir, read_dir};
use crate::no_lost_runs::size;

/// A clone `a` with the run `mine`, and two remotes: `good`, and `origin`, where all runs of somebody else are.
struct World {
    env: TestEnv,
    hub: PathBuf,
    a: PathBuf,
    mine: String,
    /// The run of the other, its directory and the tip of its runs.
    other: String,
    tip: String,
    /// Where the own runs begin.
    start: String,
}

impl World {
    fn new() -> Self {
        let env = TestEnv::without_repo();
        let hub = hub(&env, &[]);
        let (a, b) = (clone(&env, "a", &[]), clone(&env, "b", &[]));
        env.git_in(env.root(), ["init", "-q", "--bare", "good.git"]).ok();
        env.git_in(&a, ["remote", "add", "good", env.root().join("good.git").to_str().unwrap()]).ok();
        let (mine, other) = (record(&env, &a, "mine"), record(&env, &b, "other"));
        sync(&env, &b);
        let (tip, start) = (tip(&env, &hub), tip(&env, &a));
        Self { env, hub, a, mine, other, tip, start }
    }

    fn object(&self, kind: &str, data: &[u8]) -> String {
        let mut command = self.env.command("git", &self.hub);
        command.args(["hash-object", "--literally", "-w", "--stdin", "-t", kind]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(data).unwrap();
        let id = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        assert_eq!(id.trim().len(), 40);
        id.trim().to_owned()
    }

    /// A tree of entries: mode, name and object, in git's order.
    fn tree(&self, entries: &[(&str, &str, &str)]) -> String {
        let mut data = Vec::new();
        for (mode, name, id) in entries {
            data.extend(format!("{mode} {name}\0").into_bytes());
            data.extend(bytes_of(id));
        }
        self.object("tree", &data)
    }

    /// The object that a path of the other's tip names.
    fn id(&self, path: &str) -> String {
        self.env.git_in(&self.hub, ["rev-parse", &format!("{}:{path}", self.tip)]).ok().trim().to_owned()
    }

    /// The directory of the other's run: `3f/9c1a…`.
    fn place(&self) -> String {
        format!("{}/{}", &self.other[..2], &self.other[2..])
    }

    /// The directory of a run like the other's, with these artifacts and this manifest.
    fn run(&self, artifacts: &str, manifest: &str) -> String {
        self.tree(&[("40000", "artifacts", artifacts), ("100644", "run.json", manifest)])
    }

    /// The tip's tree with one run in it.
    fn root(&self, id: &str, run: &str) -> String {
        let shard = self.tree(&[("40000", &id[2..], run)]);
        self.tree(&[("40000", &id[..2], &shard)])
    }

    /// The row of the other's run, changed.
    fn row(&self, change: impl Fn(&mut serde_json::Value)) -> String {
        let message = self.env.git_in(&self.hub, ["log", "-1", "--format=%B", &self.tip]).ok();
        let line = message.lines().find_map(|line| line.strip_prefix("Agentv-Row: ")).unwrap();
        let mut row = serde_json::from_str(line).unwrap();
        change(&mut row);
        row.to_string()
    }

    /// Makes a commit the tip of the remote's runs: one that says to have recorded `row`.
    fn serve(&self, tree: &str, row: &str, dates: [i64; 2]) {
        self.serve_on(tree, row, dates, &self.tip);
    }

    fn serve_on(&self, tree: &str, row: &str, [author, committer]: [i64; 2], parent: &str) {
        let who = "Eve <eve@example.com>";
        let text = format!(
            "tree {tree}\nparent {parent}\nauthor {who} {author} +0000\ncommitter {who} {committer} +0000\n\n\
             run x: y\n\nAgentv-Op: record\nAgentv-Row: {row}\n"
        );
        let commit = self.object("commit", text.as_bytes());
        // `update-ref` would check what is served.
        std::fs::write(self.hub.join(RUNS), format!("{commit}\n")).unwrap();
        // What was taken before is not the subject any more.
        for remote in ["origin", "good"] {
            self.env.git_in(&self.a, ["update-ref", "-d", &format!("refs/agentv/remotes/{remote}/runs/v1")]).ok();
        }
        self.env.git_in(self.env.root().join("good.git"), ["update-ref", "-d", RUNS]).ok();
        self.env.git_in(&self.a, ["update-ref", RUNS, &self.start]).ok();
    }

    /// Syncs; if it fails, then with `words`, and nothing has changed.
    fn refused(&self, words: &[&str]) {
        let before = (tip(&self.env, &self.a), self.outside());
        let ran = self.env.agentv_in(&self.a, ["sync", "--yes"]);
        let said = ran.fails(128);
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(said.contains("hint: ") && !said.contains('\x1b'), "{said}");
        assert_eq!((tip(&self.env, &self.a), self.outside()), before);
        self.still_good();
        whole(&self.env, &self.a);
    }

    /// Syncs, and it works.
    fn taken(&self) {
        let before = self.outside();
        sync(&self.env, &self.a);
        assert_eq!(self.outside(), before);
        self.still_good();
    }

    /// Everything that is not in a git directory.
    fn outside(&self) -> Vec<PathBuf> {
        let root = self.env.root();
        let all = read_dir(&root).into_keys();
        all.filter(|path| {
            !path.components().any(|part| matches!(part.as_os_str().to_str(), Some(".git")))
                && !path.starts_with("hub.git")
                && !path.starts_with("good.git")
        })
        .collect()
    }

    /// The own run is as it was, and goes to another remote.
    fn still_good(&self) {
        let shown = self.env.agentv_in(&self.a, ["show", &self.mine, "--format", "json"]).json();
        assert_eq!(shown["manifest"]["run_id"], "mine");
        let answer = self.env.agentv_in(&self.a, ["cat", &self.mine, "only/answer.md"]).ok();
        assert_eq!(answer, "answer of mine\n");
        self.env.agentv_in(&self.a, ["push", "--yes", "good"]).ok();
    }

    /// `git-agentv <args>` in `a` with at most so many MiB of address space.
    fn within(&self, mib: u32, args: &[&str]) -> Ran {
        let script = format!("ulimit -v {}; exec \"$@\"", mib << 10);
        let mut command: Command = self.env.command("sh", &self.a);
        command.args(["-c", &script, "sh"]).arg(bin_dir().join("git-agentv")).args(args);
        Ran::of(&mut command)
    }

    /// Exports the other's run to `out`; what is there then.
    fn export(&self) -> (Ran, Vec<PathBuf>) {
        let before = self.outside();
        let ran = self.env.agentv_in(&self.a, ["export", &self.other, "../out"]);
        let mut new = self.outside();
        new.retain(|path| !before.contains(path));
        let _ = std::fs::remove_dir_all(self.env.root().join("out"));
        (ran, new)
    }
}

fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
}

const DATES: [i64; 2] = [NOW + 10, NOW + 10];

#[test]
fn trees_that_git_refuses() {
    let world = World::new();
    let (file, manifest) =
        (world.id(&format!("{}/run.json", world.place())), world.id(&format!("{}/run.json", world.place())));
    for (name, word) in [
        (".git", "hasDotgit"),
        ("..", "hasDotdot"),
        (".", "hasDot"),
        ("../../evil", "fullPathname"),
        (".GIT", "hasDotgit"),
    ] {
        let artifacts = world.tree(&[("100644", name, &file)]);
        let run = world.run(&artifacts, &manifest);
        let row = world.row(|row| row["tree"] = run.as_str().into());
        world.serve(&world.root(&world.other, &run), &row, DATES);
        world.refused(&[word, "nothing was lost"]);
    }
}

/// They get in where git does not check: over dumb http, or by hand.
#[test]
fn export_stays_inside_its_directory() {
    let world = World::new();
    world.taken();
    let manifest = world.id(&format!("{}/run.json", world.place()));
    let up = |artifacts: &str| {
        let run = world.run(artifacts, &manifest);
        let row = world.row(|row| row["tree"] = run.as_str().into());
        world.serve(&world.root(&world.other, &run), &row, DATES);
        let tip = std::fs::read_to_string(world.hub.join(RUNS)).unwrap();
        // As it is, without a check.
        crate::env::copy_dir(&world.hub.join("objects"), &world.a.join(".git/objects"));
        std::fs::write(world.a.join(".git").join(RUNS), tip).unwrap();
    };
    let evil = world.object("blob", b"evil");
    for name in ["..", ".git", "../evil", "/evil"] {
        let inner = world.tree(&[("100644", "evil", &evil)]);
        up(&world.tree(&[("40000", name, &inner)]));
        let (ran, new) = world.export();
        assert!(ran.fails(128).contains("refusing to write the path"), "{name}");
        assert_eq!(new, Vec::<PathBuf>::new(), "{name}");
    }
    // A link that leads out, and a file behind it.
    let link = world.object("blob", b"/etc");
    up(&world.tree(&[("120000", "link", &link), ("100644", "ok", &evil)]));
    let (ran, new) = world.export();
    ran.ok();
    assert_eq!(new, [PathBuf::from("out/ok")]);
    let inner = world.tree(&[("100644", "evil", &evil)]);
    up(&world.tree(&[("120000", "link", &link), ("40000", "link", &inner)]));
    let (_, new) = world.export();
    assert!(new.iter().all(|path| path.starts_with("out")), "{new:?}");
}

#[test]
fn a_run_that_is_not_the_one_that_it_is_called() {
    let world = World::new();
    let claimed = "00112233445566ff";
    let run = world.id(&world.place());
    let row = world.row(|row| row["id"] = claimed.into());
    world.serve(&world.root(claimed, &run), &row, DATES);
    world.taken();
    let said = world.env.agentv_in(&world.a, ["show", claimed]).fails(128);
    assert!(said.contains(&format!("run {claimed} is damaged: its run.json is that of run {}", world.other)), "{said}");
    assert_ne!(world.env.agentv_in(&world.a, ["fsck"]).code, 0);
}

/// Somebody else says that a run of ours is another one, and older.
#[test]
fn a_run_that_claims_our_id() {
    let world = World::new();
    let artifacts = world.id(&format!("{}/artifacts", world.place()));
    let manifest =
        world.env.git_in(&world.hub, ["cat-file", "blob", &world.id(&format!("{}/run.json", world.place()))]).ok();
    let mut manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    manifest["id"] = world.mine.as_str().into();
    manifest["recorded_at"] = "2001-01-01T00:00:00.000Z".into();
    let manifest = world.object("blob", manifest.to_string().as_bytes());
    let run = world.run(&artifacts, &manifest);
    let row = world.row(|row| {
        row["id"] = world.mine.as_str().into();
        row["tree"] = run.as_str().into();
    });
    world.serve(&world.root(&world.mine, &run), &row, DATES);
    world.taken();
}

#[test]
fn rows_that_lie() {
    let world = World::new();
    let (run, blob) = (world.id(&world.place()), world.id(&format!("{}/run.json", world.place())));
    let trees = [blob.clone(), world.tip.clone(), "0".repeat(40), "1".repeat(40), "x".into(), world.id("")];
    let mut rows: Vec<String> = trees.iter().map(|tree| world.row(|row| row["tree"] = tree.as_str().into())).collect();
    rows.push(world.row(|row| {
        for key in ["test_count", "passed", "errors", "duration_ms", "tokens"] {
            row[key] = u64::MAX.into();
        }
        row["cost_usd"] = 1e308.into();
        row["pass_rate"] = (-1e308).into();
        row["avg_score"] = 1e308.into();
    }));
    rows.push(world.row(|row| {
        row["errors"] = 5.into();
        row["timestamp"] = "99999999-99-99T99:99:99Z".into();
        row["sha"] = "; rm -rf /".into();
        row["links"] = serde_json::json!(["--upload-pack=x", "\u{1b}[31m"]);
        row["run_id"] = "\u{1b}]0;evil\u{7}".into();
        row["experiment"] = "\u{1b}[2J\u{202e}x".into();
    }));
    for row in rows {
        world.serve(&world.root(&world.other, &run), &row, DATES);
        let ran = world.env.agentv_in(&world.a, ["sync", "--yes"]);
        assert!([0, 128].contains(&ran.code), "{ran:?}");
        for args in [
            &["list"][..],
            &["list", "passed>=0", "-n", "0"],
            &["list", "--format", "csv"],
            &["list", "--format", "json"],
            &["show", &world.other],
            &["files", &world.other],
            &["show", "@{0}"],
            &["runs-of", "HEAD"],
            &["status"],
            &["fsck"],
        ] {
            let ran = world.env.agentv_in(&world.a, args);
            assert!([0, 1, 2, 128].contains(&ran.code) && !ran.stderr.contains("panicked"), "{args:?} {row}: {ran:?}");
            assert!(!ran.stdout.contains('\x1b') && !ran.stderr.contains('\x1b'), "{args:?}: {ran:?}");
        }
        world.still_good();
    }
}

#[test]
fn dates_without_measure() {
    let world = World::new();
    let run = world.id(&world.place());
    let row = world.row(|_| {});
    for date in [0, 1, 4_102_444_800, 253_402_300_799, 253_402_300_800, 1 << 40, i64::MAX / 2] {
        world.serve(&world.root(&world.other, &run), &row, [date, date]);
        let before = tip(&world.env, &world.a);
        let ran = world.env.agentv_in(&world.a, ["sync", "--yes"]);
        assert!(ran.code == 0 || ran.code == 128 && tip(&world.env, &world.a) == before, "{date}: {ran:?}");
        assert!(ran.code == 0 || ran.stderr.contains("hint: "), "{ran:?}");
        assert_eq!(ran.code == 0, date <= 253_402_300_799, "{date}: {ran:?}");
        for args in
            [&["list"][..], &["list", "since:2w"], &["list", "passed>=0"], &["show", &world.mine], &["show", "@{0}"]]
        {
            let ran = world.env.agentv_in(&world.a, args);
            assert!([0, 1].contains(&ran.code), "{date} {args:?}: {ran:?}");
        }
        world.still_good();
    }
}

#[test]
fn parents_that_are_not_there() {
    let world = World::new();
    let run = world.id(&world.place());
    for parent in ["1".repeat(40), world.id(""), world.id(&format!("{}/run.json", world.place()))] {
        world.serve_on(&world.root(&world.other, &run), &world.row(|_| {}), DATES, &parent);
        world.refused(&["hub.git"]);
    }
}

#[test]
fn blobs_without_measure() {
    let world = World::new();
    let bytes = u64::from(size(300, 5 << 10)) << 20;
    let file = world.env.root().join("huge");
    std::fs::File::create(&file).unwrap().set_len(bytes).unwrap();
    let huge =
        world.env.git_in(&world.hub, ["-c", "core.bigFileThreshold=1m", "hash-object", "-w", file.to_str().unwrap()]);
    let huge = huge.ok().trim().to_owned();
    let place = world.place();
    let (artifacts, manifest) = (world.id(&format!("{place}/artifacts")), world.id(&format!("{place}/run.json")));
    // As what a run says of itself.
    let run = world.run(&artifacts, &huge);
    world.serve(&world.root(&world.other, &run), &world.row(|row| row["tree"] = run.as_str().into()), DATES);
    world.taken();
    let said = world.within(700, &["show", &world.other]).fails(128);
    assert!(said.contains(&format!("object {huge} has {bytes} bytes")), "{said}");
    world.within(700, &["list"]).ok();
    // As a file of it, also one that readers look into.
    let files = world.tree(&[("100644", "huge", &huge), ("100644", "summary.json", &huge)]);
    let run = world.run(&files, &manifest);
    world.serve(&world.root(&world.other, &run), &world.row(|row| row["tree"] = run.as_str().into()), DATES);
    world.taken();
    let ran = world.within(900, &["show", &world.other]);
    assert!([0, 128].contains(&ran.code), "{ran:?}");
    assert!(world.within(700, &["files", &world.other]).ok().contains("huge"));
    if bytes < 1 << 30 {
        world.within(700, &["export", &world.other, "../out"]).ok();
        assert_eq!(std::fs::metadata(world.env.root().join("out/huge")).unwrap().len(), bytes);
    }
}

#[test]
fn trees_without_measure() {
    let world = World::new();
    let place = world.place();
    let (manifest, file) = (world.id(&format!("{place}/run.json")), world.object("blob", b"x"));
    // Very many entries.
    let (count, raw) = (size(500_000, 10_000_000), bytes_of(&file));
    let mut data = Vec::with_capacity(count as usize * 36);
    for n in 0..count {
        data.extend(format!("100644 {n:08}\0").into_bytes());
        data.extend(&raw);
    }
    let wide = world.object("tree", &data);
    drop(data);
    // A few levels of a few entries: 10^9 files.
    let mut bomb = world.tree(&[("100644", "x", &file)]);
    for _ in 0..9 {
        let entries: Vec<(String, &str)> = (0..10).map(|n| (n.to_string(), bomb.as_str())).collect();
        let entries: Vec<(&str, &str, &str)> = entries.iter().map(|(name, id)| ("40000", name.as_str(), *id)).collect();
        bomb = world.tree(&entries);
    }
    // Very deep, but not too deep for git.
    let mut deep = world.tree(&[("100644", "x", &file)]);
    for _ in 0..1900 {
        deep = world.tree(&[("40000", "deep", &deep)]);
    }
    for (artifacts, words) in
        [(&wide, "more than is read into memory"), (&bomb, "more than 500000 entries"), (&deep, "more than 4096 bytes")]
    {
        let run = world.run(artifacts, &manifest);
        world.serve(&world.root(&world.other, &run), &world.row(|row| row["tree"] = run.as_str().into()), DATES);
        world.taken();
        for args in [&["files", &world.other][..], &["export", &world.other, "../out"]] {
            let said = world.within(900, args).fails(128);
            assert!(said.contains(words), "{args:?}: {said}");
        }
        assert!(!world.env.root().join("out").exists());
        let ran = world.within(900, &["show", &world.other]);
        assert!([0, 128].contains(&ran.code), "{ran:?}");
    }
    // In the place of a shard it is read by every merge.
    let root = world.tree(&[("40000", &world.other[..2], &wide)]);
    world.serve(&root, &world.row(|_| {}), [NOW + 20, NOW + 20]);
    let ran = world.within(900, &["sync", "--yes"]);
    let said = ran.fails(128);
    assert!(said.contains("more than is read into memory"), "{said}");
    world.still_good();
    // Deeper than git itself goes.
    for _ in 0..300 {
        deep = world.tree(&[("40000", "deep", &deep)]);
    }
    let run = world.run(&deep, &manifest);
    world.serve(&world.root(&world.other, &run), &world.row(|row| row["tree"] = run.as_str().into()), DATES);
    let ran = world.env.agentv_in(&world.a, ["sync", "--yes"]);
    assert!([0, 128].contains(&ran.code), "{ran:?}");
    world.still_good();
}
