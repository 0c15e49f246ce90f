//! Many machines, one results repository.

use std::process::Stdio;

use super::World;

/// Machines that push at once, and runs of each.
const MACHINES: usize = 8;
const RUNS: usize = 4;

#[test]
fn machines_that_push_at_once_lose_nothing() {
    let world = World::new();
    let dirs: Vec<_> = (0..MACHINES).map(|n| world.using(&format!("app-{n}"))).collect();
    for run in 0..RUNS {
        let children: Vec<_> = dirs
            .iter()
            .enumerate()
            .map(|(n, dir)| {
                let bundle = world.bundle(&format!("m{n}-r{run}"));
                let mut command = world.command(&format!("machine-{n}"), dir, &["record", &bundle]);
                command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    // Who kept losing left its runs in an inbox, which the next sync of anyone takes in.
    world.on("machine-0", &dirs[0], &["sync"]).ok();
    let rows = world.rows();
    let mut ids: Vec<_> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), MACHINES * RUNS);
    for (n, dir) in dirs.iter().enumerate() {
        let machine = format!("machine-{n}");
        world.on(&machine, dir, &["pull"]).ok();
        let status = world.on(&machine, dir, &["status", "--format", "json"]).json();
        assert_eq!((&status["results"]["runs"], &status["results"]["waiting"]), (&(MACHINES * RUNS).into(), &0.into()));
    }
    world.whole();
}

#[test]
fn writers_of_one_machine_share_a_clone() {
    let world = World::new();
    let dirs: Vec<_> = (0..4).map(|n| world.using(&format!("app-{n}"))).collect();
    let children: Vec<_> = dirs
        .iter()
        .enumerate()
        .map(|(n, dir)| {
            let bundle = world.bundle(&format!("run-{n}"));
            let mut command = world.command("data", dir, &["record", &bundle]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    world.agentv(&dirs[0], &["sync"]).ok();
    let clones: Vec<_> = std::fs::read_dir(world.env.root().join("data/agentv/results"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(clones.len(), 1, "{clones:?}");
    let mut repos: Vec<_> = world.rows().iter().map(|row| row["repo"].as_str().unwrap().to_owned()).collect();
    repos.sort();
    assert_eq!(repos, ["app-0", "app-1", "app-2", "app-3"]);
    world.whole();
}
