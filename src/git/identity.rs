//! Who the user is, as git sees it.

use std::fmt;
use std::sync::OnceLock;

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
        self.signature("author", "gitoxide.commit.authorDate", "GIT_AUTHOR_IDENT")
    }

    /// The committer that git would put in a commit made now (`git var GIT_COMMITTER_IDENT`).
    pub fn committer(&self) -> Result<Signature> {
        self.signature("committer", "gitoxide.commit.committerDate", "GIT_COMMITTER_IDENT")
    }

    /// gix lays the environment over the settings: `author.name` is `GIT_AUTHOR_NAME`
    /// if that is set. Its own signature is not used because it walks the whole
    /// time zone database for the local offset.
    fn signature(&self, role: &str, date: &str, var: &str) -> Result<Signature> {
        let part = |part: &str| {
            let found = self.setting(&format!("{role}.{part}")).or_else(|| self.setting(&format!("user.{part}")));
            found.map(|text| clean(&text)).filter(|text| !text.is_empty())
        };
        let date = self.setting(date).map_or_else(|| Some(now()), |date| raw_date(&date));
        let plain = date.is_some();
        if let (Some(name), Some(email), Some((seconds, zone))) = (part("name"), part("email"), date) {
            return Ok(Signature { who: Identity { name, email }, seconds, zone });
        }
        // Without settings git derives an identity from the machine, or refuses; and it
        // understands all kinds of dates. Both are its decision.
        let line = self.git("var").arg(var).run_text().map_err(|err| match err {
            Error::Command { stderr, .. } if plain => {
                Error::NoIdentity(stderr.split("; ").last().unwrap_or_default().to_owned())
            }
            err => err,
        })?;
        parse(&line).ok_or(Error::NoIdentity(line))
    }
}

/// Seconds since 1970, and the local offset from UTC.
fn now() -> (i64, String) {
    let now = jiff::Timestamp::now();
    let offset = local_zone().to_offset(now).seconds() / 60;
    let sign = if offset < 0 { '-' } else { '+' };
    (now.as_second(), format!("{sign}{:02}{:02}", offset.abs() / 60, offset.abs() % 60))
}

/// The zone that `/etc/localtime` holds, unless `TZ` names another.
#[expect(clippy::disallowed_methods, reason = "TZ is part of what git calls the local time")]
fn local_zone() -> &'static jiff::tz::TimeZone {
    // A record asks for several signatures.
    static ZONE: OnceLock<jiff::tz::TimeZone> = OnceLock::new();
    ZONE.get_or_init(|| {
        if std::env::var_os("TZ").is_some() || !cfg!(unix) {
            return jiff::tz::TimeZone::system();
        }
        let zone = std::fs::read("/etc/localtime").ok().and_then(|data| jiff::tz::TimeZone::tzif("local", &data).ok());
        zone.unwrap_or(jiff::tz::TimeZone::UTC)
    })
}

/// A date in git's own form: `1783166400 +0000`, also with an `@` before it.
fn raw_date(text: &str) -> Option<(i64, String)> {
    let (seconds, zone) = text.trim().trim_start_matches('@').split_once(' ')?;
    let digits = zone.strip_prefix(['+', '-'])?;
    let valid = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit());
    Some((seconds.parse().ok()?, zone.to_owned())).filter(|_| valid)
}

/// What git takes out of a name.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '<' | '>' | '\n' | '\0')).collect::<String>().trim().to_owned()
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
