//! Addresses behind `agentv::`.

use std::path::Path;

use crate::git::{Repo, without_credentials};

use super::error::{Error, Result};

/// Checks the address that git gave, and returns it.
pub(super) fn check<'a>(address: &'a str, dir: &Path) -> Result<&'a str> {
    let refuse = |reason: &str, hint: String| {
        Err(Error::Address { address: without_credentials(address), reason: reason.to_owned(), hint })
    };
    let example = "git clone agentv::https://host/owner/repo".to_owned();
    if address.is_empty() {
        return refuse("there is no address", example);
    }
    if address.starts_with('-') {
        return refuse("an address does not begin with a minus", example);
    }
    if address.chars().any(char::is_control) {
        return refuse("an address has no line breaks or control characters", example);
    }
    if let Some(rest) = address.strip_prefix("agentv://") {
        let rest = without_credentials(&format!("https://{rest}"));
        return refuse("it does not say how to get there", format!("write agentv::{rest}, or agentv::ssh://…"));
    }
    if let Some(rest) = address.strip_prefix("agentv::") {
        return refuse("it begins with agentv:: twice", format!("write agentv::{}", without_credentials(rest)));
    }
    if is_relative(address) {
        let absolute = dir.join(address);
        let absolute = absolute.canonicalize().unwrap_or(absolute);
        return refuse(
            "a relative path would mean another place after the clone than before",
            format!("write agentv::{}", absolute.display()),
        );
    }
    Ok(address)
}

/// Whether an address is the path of `repo` itself.
pub(super) fn is_of(address: &str, repo: &Repo) -> bool {
    let canonical = |path: &Path| path.canonicalize().ok();
    let Some(place) = canonical(Path::new(address.strip_prefix("file://").unwrap_or(address))) else { return false };
    [Some(repo.common_dir()), repo.work_dir()].into_iter().flatten().any(|own| canonical(own).as_ref() == Some(&place))
}

/// Neither a URL, nor `host:path`, nor an absolute path.
fn is_relative(address: &str) -> bool {
    let is_path = match address.find(':') {
        Some(colon) => address[..colon].contains('/'),
        None => true,
    };
    is_path && !Path::new(address).is_absolute()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let dir = Path::new("/here/now");
        for good in [
            "https://h/a",
            "/abs/x",
            "file:///abs/x",
            "git@h:a/b",
            "h:a",
            "ssh://h/a",
            "ext::sh -c x",
            "/with:colon/a",
            "a b:c",
        ] {
            assert_eq!(check(good, dir).ok(), Some(good));
        }
        for (bad, hint) in [
            ("", "agentv::https://host"),
            ("--upload-pack=touch x", "agentv::https://host"),
            ("-", "agentv::https://host"),
            ("https://h/a\nb", "agentv::https://host"),
            ("agentv://h/a", "agentv::https://h/a"),
            ("agentv::/x", "agentv::/x"),
            ("../x", "agentv::/here/now/../x"),
            ("x.git", "agentv::/here/now/x.git"),
            ("./a:b", "agentv::/here/now/./a:b"),
            ("origin", "agentv::/here/now/origin"),
        ] {
            let err = check(bad, dir).unwrap_err();
            let said = err.hint().unwrap();
            assert!(said.contains(hint), "{bad}: {said}");
        }
    }
}
