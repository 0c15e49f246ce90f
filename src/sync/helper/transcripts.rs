//! Conversations with git, without git.

use std::io::Cursor;

use proptest::prelude::*;

use crate::git::Oid;

use super::*;

/// A remote that is all in here.
#[derive(Default)]
struct Fake {
    tip: Option<String>,
    broken: bool,
    log: Vec<String>,
}

fn oid(hex: &str) -> Oid {
    Oid::from_hex(hex.as_bytes()).unwrap()
}

impl Side for Fake {
    fn tip(&mut self, _: &Options) -> Result<Option<Oid>> {
        self.log.push("tip".into());
        if self.broken { Err(Error::Rewritten("x".into())) } else { Ok(self.tip.as_deref().map(oid)) }
    }

    fn filters(&self) -> bool {
        true
    }

    fn fetch(&mut self, options: &Options, wants: &[Want]) -> Result<()> {
        let wants: Vec<String> = wants.iter().map(|want| format!("{}={}", want.name, &want.id[..4])).collect();
        self.log.push(format!("fetch {} {}", options.for_fetch("refs/x").join(" "), wants.join(",")));
        if self.broken { Err(Error::Rewritten("x".into())) } else { Ok(()) }
    }

    fn push(&mut self, options: &Options, from: &str, force: bool) -> Result<Pushed> {
        self.log.push(format!("push {from} force={force} dry={}", options.dry_run));
        match from {
            "same" => Ok(Pushed::UpToDate),
            "first" => Ok(Pushed::Moved { old: None, new: oid(&"2".repeat(40)) }),
            "bad" => Ok(Pushed::Refused("the host said:\n\"no\"".into())),
            "broken" => Err(Error::Rewritten("x".into())),
            _ => Ok(Pushed::Moved { old: Some(oid(&"1".repeat(40))), new: oid(&"2".repeat(40)) }),
        }
    }
}

/// What is answered, and how it ends.
fn talk_to(side: &mut Fake, input: &[u8]) -> (String, Result<()>) {
    let mut output = Vec::new();
    let end = talk(&mut Cursor::new(input), &mut output, side);
    (String::from_utf8_lossy(&output).into_owned(), end)
}

fn answers(side: &mut Fake, input: &str) -> String {
    let (answer, end) = talk_to(side, input.as_bytes());
    end.unwrap();
    answer
}

#[test]
fn a_clone() {
    let id = "ab12".repeat(10);
    let mut side = Fake { tip: Some(id.clone()), ..Fake::default() };
    let input = format!(
        "capabilities\noption progress true\noption verbosity 1\noption object-format true\nlist\noption cloning true\n\
         option depth 1\noption followtags true\noption check-connectivity true\nfetch {id} HEAD\nfetch {id} refs/heads/runs\n\n\n"
    );
    let wanted = format!(
        "fetch\npush\noption\nobject-format\n\nok\nok\nok\n:object-format sha1\n{id} refs/heads/runs\n@refs/heads/runs HEAD\n\n\
         ok\nok\nok\nunsupported\n\n"
    );
    assert_eq!(answers(&mut side, &input), wanted);
    assert_eq!(side.log, ["tip", "fetch --progress --depth=1 HEAD=ab12"], "what is asked for twice is fetched once");
}

#[test]
fn sha256_and_older_gits() {
    let id = "ab12".repeat(16);
    let mut side = Fake { tip: Some(id.clone()), ..Fake::default() };
    let listed = answers(&mut side, "option object-format\nlist\n\n");
    assert_eq!(listed, format!("ok\n:object-format sha256\n{id} refs/heads/runs\n@refs/heads/runs HEAD\n\n"));
    assert!(answers(&mut side, "list\n").starts_with(&id), "who does not ask for it does not understand it");
}

#[test]
fn objects_on_demand_in_several_batches() {
    let mut side = Fake::default();
    let (a, b) = ("a".repeat(40), "b".repeat(40));
    let input = format!(
        "option from-promisor true\noption no-dependents true\noption filter blob:none\nfetch {b} {b}\nfetch {a} {a}\n\nfetch {a} {a}\n\n\n"
    );
    assert_eq!(answers(&mut side, &input), "ok\nok\nok\n\n\n");
    let first = format!("fetch --filter=blob:none {a}=aaaa,{b}=bbbb");
    assert_eq!(side.log, [first, format!("fetch --filter=blob:none {a}=aaaa")]);
}

#[test]
fn pushes_of_every_kind() {
    let mut side = Fake::default();
    let input = "list for-push\noption dry-run true\noption cas refs/heads/runs:12\npush refs/heads/runs:refs/heads/runs\n\
                 push +refs/heads/x:refs/heads/runs\npush same:refs/heads/runs\npush first:refs/heads/runs\n\
                 push bad:refs/heads/runs\npush :refs/heads/runs\npush refs/heads/a:refs/heads/other\n\
                 push refs/tags/v1:refs/tags/v1\npush :refs/heads/other\n\n\n";
    let (one, two, none) = ("1".repeat(40), "2".repeat(40), "0".repeat(40));
    let only =
        |name: &str| format!("only the branch 'runs' can be pushed to agentv::, as in 'git push origin {name}:runs'");
    let moved = |old: &str| format!("ok refs/heads/runs\noption old-oid {old}\noption new-oid {two}\n");
    let wanted = format!(
        "? refs/heads/runs\n\nok\nok\n{}{}error refs/heads/runs up to date\n{}error refs/heads/runs \"the host said:\\n\\\"no\\\"\"\n\
         error refs/heads/runs a run history is not deleted by a push; 'git agentv delete' hides single runs\n\
         error refs/heads/other {}\nerror refs/tags/v1 {}\nerror refs/heads/other {}\n\n",
        moved(&one),
        moved(&one),
        moved(&none),
        only("a"),
        only("refs/tags/v1"),
        only("BRANCH"),
    );
    assert_eq!(answers(&mut side, input), wanted);
    let dry: Vec<&str> = side.log.iter().map(String::as_str).collect();
    assert_eq!(dry[..2], ["push refs/heads/runs force=false dry=true", "push refs/heads/x force=true dry=true"]);
}

#[test]
fn all_or_nothing() {
    let mut side = Fake::default();
    let push = "push a:refs/heads/runs\npush a:refs/heads/other\n\n";
    let answer = answers(&mut side, &format!("option atomic true\n{push}"));
    assert!(
        answer.starts_with("ok\nerror refs/heads/runs atomic push failed\nerror refs/heads/other only"),
        "{answer}"
    );
    assert!(side.log.is_empty());
    assert!(answers(&mut side, push).starts_with("ok refs/heads/runs\n"));
}

#[test]
fn an_empty_list_means_no_runs_and_never_a_failure() {
    assert_eq!(answers(&mut Fake::default(), "list\n\n"), "\n");
    let (answer, end) = talk_to(&mut Fake { broken: true, ..Fake::default() }, b"list\n\n");
    assert!(answer.is_empty() && end.is_err(), "{answer:?}");
    let input = format!("fetch {} HEAD\n\n", "a".repeat(40));
    let (answer, end) = talk_to(&mut Fake { broken: true, ..Fake::default() }, input.as_bytes());
    assert!(answer.is_empty() && end.is_err(), "{answer:?}");
    let (answer, end) = talk_to(&mut Fake::default(), b"push broken:refs/heads/runs\n\n");
    assert!(answer.is_empty() && end.is_err(), "{answer:?}");
}

#[test]
fn half_an_order_is_not_followed() {
    let id = "a".repeat(40);
    for input in [
        format!("fetch {id} HEAD\n"),
        format!("fetch {id} HEAD"),
        format!("fetch {id} HEAD\nlist\n\n"),
        "push a:refs/heads/runs\n".into(),
        "push a:refs/heads/runs\noption dry-run true\n\n".into(),
        "push a:refs/heads/runs\npush b:refs/heads/ru".into(),
        "list".into(),
        "connect git-upload-pack\n".into(),
        format!("option x {}\n", "y".repeat(100_000)),
    ] {
        let mut side = Fake::default();
        let (answer, end) = talk_to(&mut side, input.as_bytes());
        assert!(end.is_err() && side.log.is_empty() && answer.is_empty(), "{answer:?}");
    }
    assert_eq!(answers(&mut Fake::default(), ""), "", "git may go away when it likes");
}

/// Lines that look like those of git, and others.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just(b"capabilities".to_vec()),
        Just(b"list".to_vec()),
        Just(b"list for-push".to_vec()),
        Just(Vec::new()),
        "option [a-z-]{1,12} [a-z0-9\"\\\\]{0,8}".prop_map(String::into_bytes),
        "option (depth|verbosity|filter|dry-run|family|pushcert) .{0,6}".prop_map(String::into_bytes),
        "fetch [0-9a-f]{40} (HEAD|refs/heads/runs)".prop_map(String::into_bytes),
        "push [+]?(a|same|bad|broken|)?:(refs/heads/runs|.{0,5})".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..30),
    ];
    prop::collection::vec(line, 0..20)
        .prop_map(|lines| lines.into_iter().flat_map(|line| line.into_iter().chain(*b"\n")).collect())
}

proptest! {
    #[test]
    fn whatever_is_said_there_is_an_end(input in lines(), cut in any::<prop::sample::Index>(), broken: bool) {
        let input = &input[..cut.index(input.len() + 1)];
        let mut side = Fake { tip: Some("c".repeat(40)), broken, ..Fake::default() };
        let (answer, end) = talk_to(&mut side, input);
        // Each question has an answer of lines that end, or the conversation ended with an error.
        prop_assert!(answer.is_empty() || answer.ends_with('\n'));
        let asked = side.log.iter().filter(|line| *line == "tip").count();
        let listed = answer.lines().filter(|line| *line == "@refs/heads/runs HEAD").count();
        prop_assert_eq!(listed, if broken { 0 } else { asked });
        prop_assert!(!broken || asked == 0 || end.is_err());
    }
}
