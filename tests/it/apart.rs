//! What one line of history has that another lacks is what git says of it.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

use git_agentv::git::{CommitInfo, ConfigScope, Oid, Repo};

use crate::env::TestEnv;
use crate::random::Random;

const COMMITS: u64 = 40;

/// A history of merges and of lines that begin anew. `date` says when the nth commit was made, which has these parents.
fn history(env: &TestEnv, random: &mut Random, date: impl Fn(&mut Random, u64, &[u64]) -> u64) {
    let parents = |random: &mut Random, n: u64| {
        let mut parents = BTreeSet::new();
        if n > 1 && random.below(12) > 0 {
            for _ in 0..=random.below(5).saturating_sub(2) {
                // Mostly of late, so that lines are long.
                parents.insert(n - 1 - random.below(n - 1).min(random.below(6)));
            }
        }
        parents
    };
    write_history(env, random, COMMITS, parents, date);
}

/// A history in which the nth commit has the parents that `parents` says.
fn write_history(
    env: &TestEnv,
    random: &mut Random,
    commits: u64,
    parents: impl Fn(&mut Random, u64) -> BTreeSet<u64>,
    date: impl Fn(&mut Random, u64, &[u64]) -> u64,
) {
    let (mut stream, mut dates) = (String::new(), HashMap::<u64, u64>::new());
    for n in 1..=commits {
        let parents = parents(random, n);
        let known: Vec<u64> = parents.iter().map(|parent| dates[parent]).collect();
        let at = date(random, n, &known);
        dates.insert(n, at);
        write!(
            stream,
            "commit refs/heads/c{n}\nmark :{n}\ncommitter A <a@example.com> {at} +0000\ndata 1\n{}\n",
            n % 10
        )
        .unwrap();
        for (place, parent) in parents.iter().enumerate() {
            writeln!(stream, "{} :{parent}", if place == 0 { "from" } else { "merge" }).unwrap();
        }
        stream.push('\n');
    }
    env.git_stdin(["fast-import", "--quiet"], stream.as_bytes());
}

fn ids(commits: &[CommitInfo]) -> BTreeSet<String> {
    commits.iter().map(|commit| commit.id.to_string()).collect()
}

#[track_caller]
fn assert_children_first(commits: &[CommitInfo]) {
    let place: HashMap<Oid, usize> = commits.iter().enumerate().map(|(at, commit)| (commit.id, at)).collect();
    for commit in commits {
        for parent in commit.parents.iter().filter_map(|parent| place.get(parent)) {
            assert!(place[&commit.id] < *parent, "{} after its parent", commit.id);
        }
    }
}

/// Compares random pairs of commits. Says how many were apart.
fn compare(env: &TestEnv, random: &mut Random, seed: u64) -> usize {
    let repo = Repo::discover(&env.repo, ConfigScope::Full, None).unwrap();
    let names = env.git(["for-each-ref", "--format=%(refname)"]).ok();
    let (names, mut apart) = (names.lines().collect::<Vec<_>>(), 0);
    for _ in 0..25 {
        let [a, b] = [(); 2].map(|()| names[random.below(names.len() as u64) as usize]);
        let [one, other] = [a, b].map(|name| repo.resolve_commit(name).unwrap());
        let found = repo.apart(&one, &other).unwrap();
        // Not `a ^b`: where dates go back, git does not get that right.
        let all =
            |tip: &str| -> BTreeSet<String> { env.git(["rev-list", tip]).ok().lines().map(str::to_owned).collect() };
        let only = |tip: &str, not: &str| -> BTreeSet<String> { &all(tip) - &all(not) };
        assert_eq!(ids(&found.ours), only(a, b), "seed {seed}: {a} without {b}");
        assert_eq!(ids(&found.theirs), only(b, a), "seed {seed}: {b} without {a}");
        assert_children_first(&found.ours);
        assert_children_first(&found.theirs);
        if !found.ours.is_empty() && !found.theirs.is_empty() {
            apart += 1;
            let bases = env.git(["merge-base", "--all", a, b]);
            let lowest = bases.stdout.lines().min().map(str::to_owned);
            assert_eq!(found.base.map(|base| base.to_string()), lowest, "seed {seed}: {a} and {b}");
        }
    }
    apart
}

fn check(seeds: std::ops::Range<u64>, date: impl Fn(&mut Random, u64, &[u64]) -> u64) {
    let mut apart = 0;
    for seed in seeds {
        let (env, mut random) = (TestEnv::new(), Random::new(seed));
        history(&env, &mut random, &date);
        apart += compare(&env, &mut random, seed);
    }
    assert!(apart > 20, "{apart} pairs");
}

#[test]
fn dates_that_never_go_back() {
    // Many commits of one second, whose order shows in nothing but who is whose parent.
    check(0..12, |random, _, parents| parents.iter().max().unwrap_or(&1000) + random.below(4).saturating_sub(2));
}

#[test]
fn all_in_one_second() {
    check(20..24, |_, _, _| 1000);
}

#[test]
fn clocks_that_are_wrong() {
    check(40..52, |random, n, _| if random.below(5) == 0 { 500 + random.below(1000) } else { 1000 + n });
}

#[test]
fn long_lines() {
    let mut apart = 0;
    for seed in 60..66 {
        let (env, mut random) = (TestEnv::new(), Random::new(seed));
        // Two lines, commit by commit in turn, that meet now and then.
        let parents = |random: &mut Random, n: u64| {
            let mut parents: BTreeSet<u64> = [n.saturating_sub(2).max(1)].into();
            if random.below(250) == 0 {
                parents.insert(n.saturating_sub(1).max(1));
            }
            if n == 1 { BTreeSet::new() } else { parents }
        };
        // One of them may be the older one altogether.
        let late = 10_000 * random.below(2);
        let date = |_: &mut Random, n: u64, parents: &[u64]| {
            (1000 + n + late * (n % 2)).max(parents.iter().copied().max().unwrap_or(0))
        };
        write_history(&env, &mut random, 600, parents, date);
        apart += compare(&env, &mut random, seed);
    }
    assert!(apart > 20, "{apart} pairs");
}

#[test]
fn long_lines_by_clocks_that_are_wrong() {
    let mut apart = 0;
    for seed in 70..74 {
        let (env, mut random) = (TestEnv::new(), Random::new(seed));
        // Lines of very different lengths, which part at a merge or at a plain commit, and one that begins anew.
        let parents = |random: &mut Random, n: u64| match n {
            1 | 500 => BTreeSet::new(),
            150 => [149, 140].into(),
            // The second line leaves the first one.
            300 => [150 + random.below(2) * 20].into(),
            _ => [n - 1].into(),
        };
        write_history(&env, &mut random, 640, parents, |random, n, _| match random.below(9) {
            0 => 500 + random.below(1000),
            _ => 1000 + n,
        });
        apart += compare(&env, &mut random, seed);
    }
    assert!(apart > 20, "{apart} pairs");
}

#[test]
fn a_history_that_is_cut_off() {
    let (mut env, mut random) = (TestEnv::new(), Random::new(7));
    history(&env, &mut random, |_, n, _| 1000 + n);
    let (whole, cut) = (format!("file://{}", env.repo.display()), env.root().join("cut"));
    env.git_in(env.root(), ["init", "-q", "--bare", "cut"]).ok();
    env.git_in(&cut, ["fetch", "-q", "--depth", "4", &whole, "refs/heads/c3*:refs/heads/c3*"]).ok();
    assert!(cut.join("shallow").exists());
    env.repo = cut;
    assert!(compare(&env, &mut random, 7) > 5);
}
