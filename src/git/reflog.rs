//! Where HEAD was at a given time.

use super::{Error, Oid, Repo, Result};

/// The commit that HEAD of this worktree named at `seconds` since 1970, from
/// its reflog: the newest entry that is not younger, as in git's `HEAD@{time}`.
/// None where the reflog does not reach back so far, or there is none: never a guess.
pub fn head_at(repo: &Repo, seconds: i64) -> Result<Option<Oid>> {
    let text = if repo.is_reftable() {
        // Prints `<new id> HEAD@{<seconds> <zone>}`, newest first.
        let (output, _) = repo.git("log").args(["-g", "--date=raw", "--format=%H %gd", "HEAD"]).output()?;
        return Ok(newest_first(&String::from_utf8_lossy(&output.stdout), seconds).and_then(|hex| repo.parse_oid(&hex)));
    } else {
        let path = repo.git_dir().join("logs/HEAD");
        match std::fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(err) => return Err(Error::io(path)(err)),
        }
    };
    // `<old> <new> <name> <<email>> <seconds> <zone>\t<message>`, oldest first.
    let found = text.lines().rev().find_map(|line| {
        let head = line.split('\t').next()?;
        let new = head.split(' ').nth(1)?;
        let at: i64 = head.rsplit(' ').nth(1)?.parse().ok()?;
        (at <= seconds).then(|| repo.parse_oid(new))
    });
    Ok(found.flatten().filter(|id| !id.is_null()))
}

fn newest_first(text: &str, seconds: i64) -> Option<String> {
    text.lines().find_map(|line| {
        let (hex, selector) = line.split_once(' ')?;
        let at: i64 = selector.split_once("@{")?.1.split(' ').next()?.trim_end_matches('}').parse().ok()?;
        (at <= seconds).then(|| hex.to_owned())
    })
}
