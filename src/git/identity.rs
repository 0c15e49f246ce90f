//! Who the user is, as git sees it.

use std::fmt;

use super::{Error, Repo, Result};

/// A name, an email and a moment: what stands in a commit.
#[derive(Debug, Clone)]
pub struct Signature {
    /// Name and email.
    pub who: Identity,
    /// Seconds since 1970.
    pub seconds: i64,
    /// Offset from UTC as git writes it, `+0000`.
    pub zone: String,
}

/// A name and an email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Without `<`, `>` and newlines.
    pub name: String,
    /// Likewise.
    pub email: String,
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <{}> {} {}", self.who.name, self.who.email, self.seconds, self.zone)
    }
}

impl Repo {
    /// The author that git would put in a commit made now (`git var GIT_AUTHOR_IDENT`).
    pub fn author(&self) -> Result<Signature> {
        self.signature(self.gix().author().and_then(Result::ok), "GIT_AUTHOR_IDENT")
    }

    /// The committer that git would put in a commit made now (`git var GIT_COMMITTER_IDENT`).
    pub fn committer(&self) -> Result<Signature> {
        self.signature(self.gix().committer().and_then(Result::ok), "GIT_COMMITTER_IDENT")
    }

    fn signature(&self, configured: Option<gix::actor::SignatureRef<'_>>, var: &str) -> Result<Signature> {
        if let Some(found) = configured
            && !found.name.is_empty()
            && let Some(signature) = parse(&format!("{} <{}> {}", clean(found.name), clean(found.email), found.time))
        {
            return Ok(signature);
        }
        // Without settings git derives an identity from the machine, or refuses: both are its decision.
        let line = self.git("var").arg(var).run_text().map_err(|err| match err {
            Error::Command { stderr, .. } => {
                Error::NoIdentity(stderr.split("; ").last().unwrap_or_default().to_owned())
            }
            err => err,
        })?;
        parse(&line).ok_or(Error::NoIdentity(line))
    }
}

fn clean(text: &gix::bstr::BStr) -> String {
    text.to_string().chars().filter(|c| !matches!(c, '<' | '>' | '\n' | '\0')).collect::<String>().trim().to_owned()
}

fn parse(line: &str) -> Option<Signature> {
    let (who, time) = line.rsplit_once("> ")?;
    let (name, email) = who.split_once('<')?;
    let (seconds, zone) = time.trim().split_once(' ')?;
    Some(Signature {
        who: Identity { name: name.trim().to_owned(), email: email.trim().to_owned() },
        seconds: seconds.parse().ok()?,
        zone: zone.to_owned(),
    })
}
