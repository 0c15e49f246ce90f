//! Kinds of damage, and what `fsck` has to say of each.

use super::{Plumbing, RUNS, id};

/// What becomes of the damage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fate {
    /// A repair puts everything as it was.
    Repaired,
    /// A repair changes nothing about it.
    Stays,
}
use Fate::{Repaired, Stays};

/// Damages the repository and tells the lines that `fsck` has to print.
pub type Damage = fn(&Plumbing<'_>) -> Vec<String>;

pub const CASES: [(&str, Fate, Damage); 27] = [
    ("a wrong number in a row", Repaired, |p| {
        let id = id(p.env, 3);
        row_commit(p, &id, "x", &id, |line| line.replace("\"passed\":1", "\"passed\":0"));
        vec![format!("{id}: row says passed 0, manifest says 1")]
    }),
    ("a row without and with a key", Repaired, |p| {
        let id = id(p.env, 3);
        row_commit(p, &id, "x", &id, |line| {
            line.replace("\"target\":\"t\",", "").replace("\"tags\":[]", "\"tags\":[\"z\"]")
        });
        vec![
            format!("{id}: row says tags [\"z\"], manifest and overlay say []"),
            format!("{id}: row says nothing of target, manifest says t"),
        ]
    }),
    ("a row that names the directory of another run", Repaired, |p| {
        let (id, other) = (id(p.env, 3), id(p.env, 4));
        let (tree, wrong) = (tree_of(p, &id), tree_of(p, &other));
        row_commit(p, &id, "x", &id, |line| line.replace(&tree, &wrong));
        vec![format!("{id}: row says tree {wrong}, its directory is {tree}")]
    }),
    ("the row of a sealed run that names nothing", Repaired, |p| {
        let id = id(p.env, 1);
        let (tree, wrong) = (tree_of(p, &id), "1".repeat(40));
        row_commit(p, &id, "x", &id, |line| line.replace(&tree, &wrong));
        vec![format!("{id}: by its row: its directory: object {wrong} is missing")]
    }),
    ("a trailer that names another run", Repaired, |p| {
        let (id, other) = (id(p.env, 3), id(p.env, 4));
        let commit = row_commit(p, &id, "x", &other, str::to_owned);
        vec![format!("{id}: the trailer Agentv-Run of commit {commit} names {other}")]
    }),
    ("a subject that names another run", Repaired, |p| {
        let (id, other) = (id(p.env, 3), id(p.env, 4));
        let commit = row_commit(p, &id, &format!("tag {other}: +x"), &id, str::to_owned);
        vec![format!("{id}: the subject of commit {commit} names {other}")]
    }),
    ("an overlay in another form", Repaired, |p| {
        let id = id(p.env, 5);
        let blob = p.blob(br#"{"tags":["b","a"],"schema":"agentv.overlay.v1"}"#);
        p.change_run(&id, "overlay.json", Some(&format!("100644 blob {blob}")));
        vec![format!("{id}: overlay.json is not in canonical form")]
    }),
    ("an overlay that says nothing", Repaired, |p| {
        let id = id(p.env, 3);
        let blob = p.blob(b"{\n  \"schema\": \"agentv.overlay.v1\"\n}\n");
        p.change_run(&id, "overlay.json", Some(&format!("100644 blob {blob}")));
        vec![format!("{id}: overlay.json says nothing and is there")]
    }),
    ("an overlay that is none", Stays, |p| {
        let id = id(p.env, 3);
        let blob = p.blob(b"{\"tags\": 5}\n");
        p.change_run(&id, "overlay.json", Some(&format!("100644 blob {blob}")));
        vec![format!("{id}: overlay.json: invalid type: integer `5`, expected a sequence at line 1 column 10")]
    }),
    ("a manifest in another form", Stays, |p| {
        let id = id(p.env, 3);
        let text = manifest(p, &id).replace("  ", "\t");
        p.change_run(&id, "run.json", Some(&format!("100644 blob {}", p.blob(text.as_bytes()))));
        vec![format!("{id}: run.json: it is not in canonical form")]
    }),
    ("a manifest of another schema, from which another id follows", Stays, |p| {
        let id = id(p.env, 3);
        let text = manifest(p, &id).replace("agentv.run.v1", "agentv.run.v9").replace("T10:00:03", "T10:00:04");
        p.change_run(&id, "run.json", Some(&format!("100644 blob {}", p.blob(text.as_bytes()))));
        row_commit(p, &id, "x", &id, |line| line.replace("T10:00:03", "T10:00:04"));
        vec![
            format!("{id}: run.json: its schema is 'agentv.run.v9', not agentv.run.v1"),
            format!("{id}: it is not the id that follows from what run.json says"),
        ]
    }),
    ("no manifest", Stays, |p| {
        let id = id(p.env, 3);
        p.change_run(&id, "run.json", None);
        let tree = tree_of(p, &id);
        vec![format!("{id}: run.json is not in its directory {tree}")]
    }),
    ("no manifest in the tip, while the row names a good directory", Repaired, |p| {
        let id = id(p.env, 3);
        let root = p.with(&p.root(), &format!("{}/run.json", place(&id)), None);
        let tree = p.git(&["rev-parse", &format!("{root}:{}", place(&id))]);
        p.commit(&root, "x\n\nAgentv-Op: seal\n");
        vec![format!("{id}: in the tip's tree: run.json is not in its directory {tree}")]
    }),
    ("another file in the artifacts", Stays, |p| {
        let id = id(p.env, 3);
        let was = p.git(&["rev-parse", &format!("{RUNS}:{}/artifacts", place(&id))]);
        p.change_run(&id, "artifacts/only/more.md", Some(&format!("100644 blob {}", p.blob(b"more"))));
        let now = p.git(&["rev-parse", &format!("{RUNS}:{}/artifacts", place(&id))]);
        vec![
            format!("{id}: artifacts is {now}, run.json says sha1:{was}"),
            format!("{id}: it has 4 files, run.json says 3"),
        ]
    }),
    ("no artifacts", Stays, |p| {
        let id = id(p.env, 3);
        p.change_run(&id, "artifacts", None);
        vec![format!("{id}: artifacts is not there, and it is not deleted")]
    }),
    ("artifacts of a deleted run", Stays, |p| {
        let id = id(p.env, 6);
        let text = manifest(p, &id);
        let artifacts = text.split("sha1:").nth(1).unwrap()[..40].to_owned();
        p.change_run(&id, "artifacts", Some(&format!("040000 tree {artifacts}")));
        vec![format!("{id}: it is deleted, but artifacts is there: restore and delete it")]
    }),
    ("a wrong byte in a part, and a part too many", Stays, |p| {
        let id = id(p.env, 7);
        let was = p.git(&["rev-parse", &format!("{RUNS}:{}/artifacts", place(&id))]);
        let part = format!("{}/artifacts/only/large.txt/0001", place(&id));
        let text = p.text(&format!("{RUNS}:{part}")).replace("line", "lime");
        p.change_run(&id, "artifacts/only/large.txt/0001", Some(&format!("100644 blob {}", p.blob(text.as_bytes()))));
        let now = p.git(&["rev-parse", &format!("{RUNS}:{}/artifacts", place(&id))]);
        vec![
            format!("{id}: artifacts is {now}, run.json says sha1:{was}"),
            format!("{id}: artifacts/only/large.txt: its parts do not have the SHA-256 that parts.json says"),
        ]
    }),
    ("a directory in the wrong shard", Repaired, |p| {
        let id = id(p.env, 3);
        let tree = tree_of(p, &id);
        let wrong = format!("{:02x}", u8::from_str_radix(&id[..2], 16).unwrap() ^ 0x80);
        let root = p.with(&p.root(), &place(&id), None);
        let root = p.with(&root, &format!("{wrong}/{}", &id[2..]), Some(&format!("040000 tree {tree}")));
        p.commit(&root, "x\n\nAgentv-Op: seal\n");
        let rest = &id[2..];
        vec![format!("{id}: its directory is at {wrong}/{rest} of the tip's tree, where run {wrong}{rest} belongs")]
    }),
    ("a second directory in the wrong shard", Repaired, |p| {
        let id = id(p.env, 3);
        let tree = tree_of(p, &id);
        let wrong = format!("{:02x}", u8::from_str_radix(&id[..2], 16).unwrap() ^ 0x80);
        let root = p.with(&p.root(), &format!("{wrong}/{}", &id[2..]), Some(&format!("040000 tree {tree}")));
        p.commit(&root, "x\n\nAgentv-Op: seal\n");
        let rest = &id[2..];
        vec![format!("{id}: its directory is at {wrong}/{rest} of the tip's tree, where run {wrong}{rest} belongs")]
    }),
    ("a run that left the tree without being sealed", Repaired, |p| {
        let id = id(p.env, 3);
        let root = p.with(&p.root(), &place(&id), None);
        p.commit(&root, "x\n\nAgentv-Op: seal\n");
        vec![format!("{id}: it is in history, but neither in the tip's tree nor in a list of sealed runs")]
    }),
    ("no lists", Repaired, |p| {
        let root = p.with(&p.root(), "sealed", None);
        p.commit(&root, "x\n\nAgentv-Op: seal\n");
        let mut ids = [0, 1, 2].map(|n| id(p.env, n));
        ids.sort();
        ids.map(|id| format!("{id}: it is in history, but neither in the tip's tree nor in a list of sealed runs"))
            .to_vec()
    }),
    ("nonsense in a list", Repaired, |p| {
        let shard = id(p.env, 1)[..2].to_owned();
        change_list(p, &shard, |text| format!("{text}nonsense\n"));
        vec![format!("sealed/{shard}: 'nonsense' is no line of it")]
    }),
    ("a line twice", Repaired, |p| {
        let shard = id(p.env, 1)[..2].to_owned();
        change_list(p, &shard, |text| text.to_owned() + text);
        vec![format!("sealed/{shard}: its lines are not sorted, each once")]
    }),
    ("a list that names a wrong directory", Repaired, |p| {
        let (id, other) = (id(p.env, 1), id(p.env, 2));
        let (tree, wrong) = (tree_of(p, &id), tree_of(p, &other));
        change_list(p, &id[..2], |text| text.replace(&tree, &wrong));
        vec![format!("{id}: sealed/{} says tree {wrong}, its row says {tree}", &id[..2])]
    }),
    ("a list that names what is no run", Repaired, |p| {
        let shard = id(p.env, 1)[..2].to_owned();
        let tree = p.env.git_stdin(["mktree"], b"");
        change_list(p, &shard, |text| format!("{text}ffffffffffffff {tree}\n"));
        vec![format!("sealed/{shard}: it names {shard}ffffffffffffff, of which no commit tells, and {tree} is no run")]
    }),
    ("a row that is no JSON", Stays, |p| {
        let id = id(p.env, 3);
        let commit = row_commit(p, &id, "x", &id, |_| "{\"run_id\":".into());
        vec![format!("commit {commit}: its row: EOF while parsing a value at line 1 column 10")]
    }),
    ("a change without a row", Stays, |p| {
        p.commit(&p.root(), "x\n\nAgentv-Op: overlay\n");
        vec![format!("commit {}: its row: there is none", p.git(&["rev-parse", RUNS]))]
    }),
];

pub fn place(id: &str) -> String {
    format!("{}/{}", &id[..2], &id[2..])
}

/// The directory that the row of a run names.
pub fn tree_of(p: &Plumbing<'_>, id: &str) -> String {
    p.row(id)["tree"].as_str().unwrap().to_owned()
}

fn manifest(p: &Plumbing<'_>, id: &str) -> String {
    p.text(&format!("{RUNS}:{}/run.json", place(id)))
}

/// A commit that changes nothing but what it says of a run. Returns its id.
fn row_commit(p: &Plumbing<'_>, id: &str, subject: &str, named: &str, change: impl Fn(&str) -> String) -> String {
    let line = change(&p.line(id));
    p.commit(&p.root(), &format!("{subject}\n\nAgentv-Run: {named}\nAgentv-Op: overlay\nAgentv-Row: {line}\n"));
    p.git(&["rev-parse", RUNS])
}

fn change_list(p: &Plumbing<'_>, shard: &str, change: impl Fn(&str) -> String) {
    let text = change(&p.text(&format!("{RUNS}:sealed/{shard}")));
    let entry = format!("100644 blob {}", p.blob(text.as_bytes()));
    let root = p.with(&p.root(), &format!("sealed/{shard}"), Some(&entry));
    p.commit(&root, "x\n\nAgentv-Op: seal\n");
}
