//! What git wants to have considered: the options of a helper, and what becomes of them in the git that we start.

/// The branch that the run history is shown as.
pub const BRANCH: &str = "refs/heads/runs";

/// Options that were set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of git's, independent of the others")]
pub struct Options {
    /// 0 is quiet, 1 is usual.
    verbosity: Option<i64>,
    progress: Option<bool>,
    /// Do all but change the remote.
    pub dry_run: bool,
    /// `list` is to say which kind of ids the remote has.
    pub object_format: bool,
    /// All refs of a push, or none.
    pub atomic: bool,
    /// Objects of a partial clone are fetched because somebody looks at them.
    pub on_demand: bool,
    depth: Option<String>,
    since: Option<String>,
    not: Vec<String>,
    relative: bool,
    filter: Option<String>,
    update_shallow: bool,
    refetch: bool,
    family: Option<&'static str>,
    for_host: Vec<String>,
    signed: Option<&'static str>,
}

/// What a helper says to an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Ok,
    Unsupported,
    Error(String),
}

impl Options {
    /// Sets one. `filters`: whether what is fetched can be left incomplete.
    pub(super) fn set(&mut self, name: &str, value: &str, filters: bool) -> Answer {
        match self.try_set(name, value, filters) {
            Ok(true) => Answer::Ok,
            Ok(false) => Answer::Unsupported,
            Err(()) => Answer::Error(format!("'{value}' is no value of {name}")),
        }
    }

    fn try_set(&mut self, name: &str, value: &str, filters: bool) -> Result<bool, ()> {
        let text = || if value.is_empty() { Err(()) } else { Ok(value.to_owned()) };
        match name {
            "verbosity" => self.verbosity = Some(value.parse().map_err(drop)?),
            "progress" => self.progress = Some(flag(value)?),
            "dry-run" => self.dry_run = flag(value)?,
            // Whatever the value, if there is one: the kind of ids is told.
            "object-format" => self.object_format = value != "false",
            "from-promisor" => self.on_demand = flag(value)?,
            "depth" => self.depth = value.parse::<u32>().map(|depth| Some(depth.to_string())).map_err(drop)?,
            "deepen-since" => self.since = Some(text()?),
            "deepen-not" => {
                let name = text()?;
                if !self.not.contains(&name) {
                    self.not.push(name);
                }
            }
            "deepen-relative" => self.relative = flag(value)?,
            // git would write down that the rest can be fetched later, from an address that is not ours.
            "filter" if !filters => return Ok(false),
            "filter" => self.filter = Some(text()?),
            "update-shallow" => self.update_shallow = flag(value)?,
            "refetch" => self.refetch = flag(value)?,
            "family" => {
                self.family = match value {
                    "ipv4" => Some("--ipv4"),
                    "ipv6" => Some("--ipv6"),
                    "all" => None,
                    _ => return Err(()),
                }
            }
            "push-option" => self.for_host.push(value.to_owned()),
            "pushcert" => {
                self.signed = match value {
                    "true" => Some("--signed=true"),
                    "if-asked" => Some("--signed=if-asked"),
                    "false" => None,
                    _ => return Err(()),
                }
            }
            "atomic" => self.atomic = flag(value)?,
            // Nothing is ever forced, and there are no tags.
            "force-if-includes" | "followtags" | "cloning" | "no-dependents" => drop(flag(value)?),
            // What the lease names is not known to git: the list for a push says "?".
            "cas" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whether to be quiet.
    #[must_use]
    pub fn quiet(&self) -> bool {
        self.verbosity.is_some_and(|verbosity| verbosity < 1)
    }

    fn loudness(&self) -> Vec<String> {
        let progress = match self.progress {
            Some(true) => Some("--progress"),
            Some(false) => Some("--no-progress"),
            None => None,
        };
        let quiet = Some("--quiet").filter(|_| self.quiet());
        quiet.into_iter().chain(progress).chain(self.family).map(str::to_owned).collect()
    }

    /// Options for `git fetch`. `runs` is the remote's own name of the branch.
    #[must_use]
    pub fn for_fetch(&self, runs: &str) -> Vec<String> {
        let mut args = self.loudness();
        if self.on_demand {
            args.extend(self.filter.as_ref().map(|filter| format!("--filter={filter}")));
            return args;
        }
        let deepen = if self.relative { "--deepen" } else { "--depth" };
        args.extend(self.depth.as_ref().map(|depth| format!("{deepen}={depth}")));
        args.extend(self.since.as_ref().map(|since| format!("--shallow-since={since}")));
        args.extend(self.not.iter().map(|name| {
            let name =
                if name == BRANCH || Some(name.as_str()) == BRANCH.strip_prefix("refs/heads/") { runs } else { name };
            format!("--shallow-exclude={name}")
        }));
        args.extend(self.filter.as_ref().map(|filter| format!("--filter={filter}")));
        args.extend(Some("--update-shallow".to_owned()).filter(|_| self.update_shallow));
        args.extend(Some("--refetch".to_owned()).filter(|_| self.refetch));
        args
    }

    /// Options for the fetch that a push needs in order to merge.
    #[must_use]
    pub fn for_merge(&self) -> Vec<String> {
        self.loudness()
    }

    /// Options for `git push`.
    #[must_use]
    pub fn for_push(&self) -> Vec<String> {
        let mut args = self.loudness();
        args.extend(self.for_host.iter().map(|option| format!("--push-option={option}")));
        args.push(self.signed.unwrap_or("--no-signed").to_owned());
        args
    }
}

fn flag(value: &str) -> Result<bool, ()> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(options: &[(&str, &str)]) -> Options {
        let mut set = Options::default();
        for (name, value) in options {
            assert_eq!(set.set(name, value, true), Answer::Ok, "{name} {value}");
        }
        set
    }

    #[test]
    fn all_that_git_asks_for() {
        let usual = set(&[("progress", "false"), ("verbosity", "1"), ("object-format", "true"), ("cloning", "true")]);
        assert!(usual.object_format && !usual.quiet());
        assert_eq!(usual.for_fetch("refs/x"), ["--no-progress"]);
        let fetch = set(&[
            ("verbosity", "0"),
            ("depth", "2147483647"),
            ("deepen-relative", "true"),
            ("deepen-since", "2026-01-01"),
            ("deepen-not", "runs"),
            ("deepen-not", "runs"),
            ("deepen-not", "v1"),
            ("filter", "blob:none"),
            ("filter", "blob:none"),
            ("update-shallow", "true"),
            ("refetch", "true"),
            ("family", "ipv4"),
        ]);
        let wanted = "--quiet --ipv4 --deepen=2147483647 --shallow-since=2026-01-01 --shallow-exclude=refs/x \
             --shallow-exclude=v1 --filter=blob:none --update-shallow --refetch";
        assert_eq!(fetch.for_fetch("refs/x").join(" "), wanted);
        let push = set(&[
            ("dry-run", "true"),
            ("atomic", "true"),
            ("force-if-includes", "true"),
            ("push-option", "ci.skip"),
            ("push-option", "a b"),
            ("cas", "refs/heads/runs:0"),
            ("pushcert", "if-asked"),
        ]);
        assert!(push.dry_run);
        assert_eq!(push.for_push(), ["--push-option=ci.skip", "--push-option=a b", "--signed=if-asked"]);
        let lazy = set(&[("from-promisor", "1"), ("no-dependents", "true"), ("filter", "blob:none"), ("depth", "1")]);
        assert!(lazy.on_demand);
        assert_eq!(lazy.for_fetch("refs/x"), ["--filter=blob:none"]);
    }

    #[test]
    fn what_is_not_understood_is_not_agreed_to() {
        let mut options = Options::default();
        for (name, value) in
            [("depth", "-1"), ("depth", "x"), ("dry-run", "perhaps"), ("family", "ipv5"), ("filter", "")]
        {
            assert!(matches!(options.set(name, value, true), Answer::Error(_)), "{name}");
        }
        for name in ["check-connectivity", "servpath", "something-new", ""] {
            assert_eq!(options.set(name, "true", true), Answer::Unsupported);
        }
        assert_eq!(options.set("filter", "blob:none", false), Answer::Unsupported);
        assert_eq!(options, Options::default());
    }
}
