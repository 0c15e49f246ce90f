//! Runs for benchmarks, made from a real bundle: as many as wanted, each different.
//!
//! A run has 12 files of about 60 KB, as the mean of the real results branch that
//! AgentV's authors keep. The files come from `tests/data/bundles/agentv-5.3.1`: one
//! case with its transcript repeated until the size is right, in two directories.
//! Ids, times, numbers and about one letter in 48 bytes differ from run to run,
//! so that neither files nor deltas are shared more than between real runs.

use std::path::{Path, PathBuf};

use git_agentv::run::DirBundle;

/// Bytes of one run.
const SIZE: usize = 60 * 1024;
/// Start of the first run: 2025-01-01T00:00:00Z. The others follow every five minutes.
const EPOCH: i64 = 1_735_689_600;
const STEP: i64 = 300;

/// The bundle that all runs are made from.
pub(crate) struct Template {
    files: Vec<(String, Vec<u8>)>,
}

/// What a repository of a benchmark holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Whole runs, and a branch `results` that holds the same files as AgentV lays them out.
    Whole,
    /// Runs of which only the two files with their numbers are kept.
    Small,
}

impl Template {
    /// Reads the real bundle.
    pub(crate) fn load() -> Self {
        let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/bundles/agentv-5.3.1");
        let case = bundle.join("wrong--46de1196698a");
        let read = |path: PathBuf| std::fs::read(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()));
        let mut files: Vec<(String, Vec<u8>)> = [
            "sample-1/grading.json",
            "sample-1/metrics.json",
            "sample-1/outputs/answer.md",
            "sample-1/result.json",
            "sample-1/target-execution.json",
            "sample-1/transcript.json",
            "summary.json",
            "test/EVAL.yaml",
            "test/providers.yaml",
        ]
        .iter()
        .map(|path| (format!("c0/{}", path.rsplit('/').next().expect("a path has a name")), read(case.join(path))))
        .collect();
        let raw = read(case.join("sample-1/transcript-raw.jsonl"));
        let rest = SIZE - files.iter().map(|(_, data)| data.len()).sum::<usize>() - 2048;
        files.push(("c0/transcript-raw.jsonl".into(), raw.iter().copied().cycle().take(rest).collect()));
        Self { files }
    }

    /// Makes runs of the two files with their numbers only.
    #[allow(dead_code, reason = "the generator wants it, the benchmarks don't")]
    pub(crate) fn small() -> Self {
        Self { files: Vec::new() }
    }

    /// Run number `i`: its name, its start in seconds since 1970, its files.
    pub(crate) fn run(&self, i: u64) -> (String, i64, Vec<(String, Vec<u8>)>) {
        let start = EPOCH + STEP * i64::try_from(i).expect("not so many runs");
        let mut random = Random(i);
        let time = jiff::Timestamp::from_millisecond(start * 1000 + i64::try_from(i % 1000).expect("it is small"))
            .expect("in range");
        let iso = time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
        let name = iso.replace([':', '.'], "-");
        let experiment = ["checkout-flow", "search-rank", "refund-agent", "onboarding"][random.below(4)];
        let target = ["gpt-5", "claude-opus", "gemini-pro", "local-llama"][random.below(4)];
        let (status, score) =
            [("ok", 1.0), ("ok", 0.9), ("quality_failure", 0.5), ("execution_error", 0.0)][random.below(4)];
        let row = serde_json::json!({
            "timestamp": iso, "test_id": "case", "suite": experiment, "score": score, "target": target, "execution_status": status,
            "duration_ms": random.below(60_000), "token_usage": {"input": random.below(20_000), "output": random.below(2_000)},
            "cost_usd": 0.0125, "experiment": experiment, "result_dir": "c0", "transcript_path": "c0/transcript.json",
        });
        let summary = serde_json::json!({
            "run_id": name, "index_path": "index.jsonl",
            "metadata": {"timestamp": iso, "targets": [target], "tests_run": ["case"], "experiment": experiment, "planned_test_count": 1},
            "run_summary": {target: {"pass_rate": {"mean": score, "stddev": 0}}},
        });
        let mut files = vec![
            ("index.jsonl".to_owned(), format!("{row}\n").into_bytes()),
            ("summary.json".to_owned(), serde_json::to_vec_pretty(&summary).expect("plain data")),
        ];
        for (path, data) in &self.files {
            files.push((path.clone(), perturbed(data, &mut random)));
        }
        (name, start, files)
    }

    /// Run number `i` in memory.
    #[allow(dead_code, reason = "the generator wants it, the benchmarks don't")]
    pub(crate) fn bundle(&self, i: u64) -> (DirBundle, i64) {
        let (name, start, files) = self.run(i);
        (DirBundle::from_files(&name, files), start)
    }

    /// Run number `i` on disk below `dir`.
    pub(crate) fn write(&self, i: u64, dir: &Path) -> PathBuf {
        let (name, _, files) = self.run(i);
        let top = dir.join(name);
        for (path, data) in files {
            let path = top.join(path);
            std::fs::create_dir_all(path.parent().expect("it is below `dir`")).expect("the directory is writable");
            std::fs::write(path, data).expect("the directory is writable");
        }
        top
    }
}

/// A bare repository with `size` runs below `keep`, made by `examples/generate.rs` unless it is there.
#[allow(dead_code, reason = "the benchmarks want it, the generator doesn't")]
pub(crate) fn base(keep: &Path, size: u64, kind: Kind) -> PathBuf {
    let name = if kind == Kind::Small { "small" } else { "base" };
    let base = keep.join(format!("{name}-{size}.git"));
    if base.exists() {
        return base;
    }
    eprintln!("making {size} runs in {} …", base.display());
    let part = keep.join(format!("part-{name}-{size}.git"));
    let _ = std::fs::remove_dir_all(&part);
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let made = std::process::Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .envs(["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"].map(|name| (name, "Bench")))
        .envs(["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"].map(|name| (name, "bench@example.com")))
        .args(["run", "-q", "--release", "--example", "generate", "--"])
        .arg(std::path::absolute(&part).expect("there is a current directory"))
        .args([size.to_string().as_str(), if kind == Kind::Small { "--small" } else { "--branch" }])
        .status();
    assert!(made.is_ok_and(|status| status.success()), "the generator failed");
    std::fs::rename(part, &base).expect("the same directory");
    base
}

/// The directory of the programs as users have them. Cargo builds those of `CARGO_BIN_EXE_…` with the profile of benchmarks, in which a
/// panic unwinds: they have a tenth more to load. And they are copied, as `cargo install` does: the pages of a file that
/// the linker wrote piece by piece are dearer to map.
#[allow(dead_code, reason = "the benchmarks want it, the generator doesn't")]
pub(crate) fn programs() -> &'static Path {
    static BUILT: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    BUILT.get_or_init(|| {
        let own = std::env::current_exe().expect("the system tells");
        // …/target/release/deps/benchmark
        let dir = own.parent().and_then(Path::parent).expect("cargo built it").to_owned();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = std::process::Command::new(cargo)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["build", "-q", "--release", "--bins", "--target-dir"])
            .arg(dir.parent().expect("cargo built it"))
            .status();
        assert!(built.is_ok_and(|status| status.success()), "the programs could not be built");
        let installed = dir.join("installed");
        std::fs::create_dir_all(&installed).expect("the directory is writable");
        for name in ["git-agentv", "agentv", "git-remote-agentv"] {
            // Beside it first: one that runs can't be written to.
            let (part, name) = (installed.join("part"), format!("{name}{}", std::env::consts::EXE_SUFFIX));
            std::fs::copy(dir.join(&name), &part).expect("it was built");
            std::fs::rename(&part, installed.join(&name)).expect("the same directory");
        }
        installed
    })
}

fn perturbed(data: &[u8], random: &mut Random) -> Vec<u8> {
    let mut data = data.to_vec();
    let mut at = random.below(48);
    while at < data.len() {
        if data[at].is_ascii_lowercase() {
            data[at] = b'a' + u8::try_from(random.below(26)).expect("a letter");
        }
        at += 24 + random.below(48);
    }
    data
}

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).expect("it is below n")
    }
}
