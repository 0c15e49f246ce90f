//! `acme/evals` on a host, and the programs of hosts.

use super::World;

/// A stand-in for `gh` that is signed in and knows what the file `<root>/visibility` says; it makes `acme/evals` below `<root>/hosts`.
fn gh(world: &mut World, sees: &str) {
    let root = world.env.root();
    let root = root.display();
    std::fs::write(world.env.root().join("visibility"), sees).unwrap();
    let script = format!(
        r#"case "$1 $2" in
"auth status") exit 0 ;;
"repo view")
    word=$(cat '{root}/visibility')
    if [ "$word" = missing ]; then echo 'GraphQL: Could not resolve to a Repository' >&2; exit 1; fi
    printf '{{"visibility":"%s"}}\n' "$word" ;;
"repo create") git init -q --bare '{root}/hosts/acme/evals.git' && echo PRIVATE >'{root}/visibility' ;;
*) exit 9 ;;
esac"#
    );
    world.stand_in("gh", &script);
}

fn made(world: &World) -> std::path::PathBuf {
    world.env.root().join("hosts/acme/evals.git")
}

fn make(world: &World) {
    world.env.git_in(world.env.root(), ["init", "-q", "--bare", made(world).to_str().unwrap()]).ok();
}

#[test]
fn a_name_is_a_repository_beside_that_of_the_source() {
    for (remote, setting, prefix) in [
        ("git@git.example.com:acme/app.git", "", "git@git.example.com:"),
        ("https://me:s3cret@git.example.com/acme/app", "", "https://git.example.com/"),
        ("ssh://git@git.example.com:2222/acme/app.git", "", "ssh://git@git.example.com:2222/"),
        ("https://git.example.com/acme/app", "git.other.example", "https://git.other.example/"),
        ("", "", "https://github.com/"),
        ("", "git.other.example", "https://git.other.example/"),
    ] {
        let world = World::new(1);
        if !remote.is_empty() {
            world.env.git(["remote", "add", "origin", remote]).ok();
        }
        if !setting.is_empty() {
            world.env.git(["config", "agentv.host", setting]).ok();
        }
        world.redirect(prefix);
        make(&world);
        let said = world.promote(&["--to", "acme/evals", "--yes"]).ok();
        assert!(said.contains(&format!("acme/evals ({prefix}acme/evals.git)")), "{remote}: {said}");
        world.whole(&made(&world), "main", 1);
        let config = std::fs::read_to_string(world.env.repo.join(".git/config")).unwrap();
        assert_eq!(config.matches("s3cret").count(), remote.matches("s3cret").count(), "{config}");
    }
}

#[test]
fn gh_makes_it_private() {
    let mut world = World::new(2);
    world.redirect("https://github.com/");
    gh(&mut world, "missing");
    let said = world.promote(&["--to", "acme/evals"]).fails(128);
    assert!(said.contains("there is no repository") && said.contains("--create"), "{said}");
    let said = world.promote(&["--to", "acme/evals", "--create"]).fails(128);
    assert!(said.contains("2 runs, about") && said.contains("private"), "{said}");
    assert!(!made(&world).exists(), "asked before anything is made");
    world.promote(&["--to", "acme/evals", "--create", "--yes"]).ok();
    assert!(world.called().contains("gh repo create github.com/acme/evals --private"), "{}", world.called());
    world.whole(&made(&world), "main", 2);
}

#[test]
fn a_public_repository_is_called_so() {
    let mut world = World::new(1);
    world.redirect("https://github.com/");
    make(&world);
    gh(&mut world, "PUBLIC");
    let said = world.promote(&["--to", "acme/evals"]).fails(128);
    assert!(said.contains("PUBLIC") && said.contains("transcripts"), "{said}");
    assert_eq!(world.tip(&made(&world), "main"), "");
    std::fs::write(world.env.root().join("visibility"), "PRIVATE").unwrap();
    let said = world.promote(&["--to", "acme/evals"]).fails(128);
    assert!(!said.contains("PUBLIC"), "{said}");
}

#[test]
fn glab_for_gitlab() {
    let mut world = World::new(1);
    let root = world.env.root();
    world.env.git(["remote", "add", "origin", "git@gitlab.example.com:group/sub/app.git"]).ok();
    world.redirect("git@gitlab.example.com:");
    let script = format!(
        "case \"$1 $2\" in 'auth status') exit 0;; 'repo view') echo '404 Project Not Found' >&2; exit 1;; 'repo create') echo \"host $GITLAB_HOST\" >>'{0}/called'; git init -q --bare '{0}/hosts/group/sub/evals.git';; esac",
        root.display()
    );
    world.stand_in("glab", &script);
    world.promote(&["--to", "group/sub/evals", "--create", "--yes"]).ok();
    let called = world.called();
    assert!(called.contains("glab repo create group/sub/evals --private\nhost gitlab.example.com"), "{called}");
    world.whole(&root.join("hosts/group/sub/evals.git"), "main", 1);
}

#[test]
fn without_the_program_the_commands_are_told() {
    let mut world = World::new(1);
    world.redirect("https://github.com/");
    // Installed, and nobody is signed in.
    world.stand_in("gh", "exit 1");
    let said = world.promote(&["--to", "acme/evals", "--create", "--yes"]).fails(128);
    assert!(said.contains("gh repo create acme/evals --private"), "{said}");
    assert!(said.contains("git agentv promote --to acme/evals"), "{said}");
    assert!(
        !world.env.root().join("home/.local/share/agentv/results").read_dir().is_ok_and(|mut dir| dir.next().is_some())
    );
}

#[test]
fn a_host_that_refuses_to_make_it() {
    let mut world = World::new(1);
    let script = "case \"$1 $2\" in 'auth status') exit 0;; 'repo view') echo 'not found' >&2; exit 1;; *) echo 'no right to make repositories in acme' >&2; exit 1;; esac";
    world.stand_in("gh", script);
    let said = world.promote(&["--to", "acme/evals", "--create", "--yes"]).fails(128);
    assert!(said.contains("no right to make repositories in acme"), "{said}");
}
