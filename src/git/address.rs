//! Addresses of repositories: what they are called, and those of others at the same place.

use super::weburl::Location;
use super::without_credentials;

/// What a repository is called on its host: `acme/app`. Of a path, and of what is no address, the last part. No credentials, no
/// `.git`.
#[must_use]
pub fn repository_name(url: &str) -> Option<String> {
    if let Some(location) = Location::parse(url) {
        return Some(location.path.join("/"));
    }
    let bare = without_credentials(url);
    let last =
        bare.trim_end_matches(['/', '\\']).rsplit(['/', '\\', ':']).find(|part| !matches!(*part, "" | ".git"))?;
    let last = last.strip_suffix(".git").unwrap_or(last);
    (!matches!(last, "" | "." | "..")).then(|| last.to_owned())
}

/// The host of an address; none of a path.
#[must_use]
pub fn host_of(url: &str) -> Option<String> {
    Location::parse(url).map(|location| location.host)
}

/// The address of the repository `path` (`acme/evals`) that is reached as `url` is: the same protocol, the same host unless another
/// is given. Credentials are left out, the user name of ssh stays. None if `url` is no address of a host.
#[must_use]
pub fn beside(url: &str, host: Option<&str>, path: &str) -> Option<String> {
    Location::parse(url)?;
    let url = without_credentials(url);
    if let Some((scheme, rest)) = url.split_once("://") {
        let authority = rest.split('/').next()?;
        let (user, own) = authority.rsplit_once('@').map_or(("", authority), |(user, host)| (user, host));
        let at = if user.is_empty() { "" } else { "@" };
        return Some(format!("{scheme}://{user}{at}{}/{path}.git", host.unwrap_or(own)));
    }
    let (authority, _) = url.split_once(':')?;
    let user = authority.rsplit_once('@').map(|(user, _)| format!("{user}@")).unwrap_or_default();
    let own = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    Some(format!("{user}{}:{path}.git", host.unwrap_or(own)))
}

/// Whether a text is what people call a repository on a host: `acme/evals`, `group/sub/evals`.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with(['.', '-'])
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    };
    text.contains('/') && text.split('/').all(plain)
}

#[cfg(test)]
mod tests {
    use super::{beside, is_name, repository_name};

    #[test]
    fn names() {
        for (url, name) in [
            ("https://me:secret@github.com/acme/app.git", "acme/app"),
            ("git@gitlab.com:group/sub/app.git", "group/sub/app"),
            ("ssh://git@host:2222/acme/app/", "acme/app"),
            ("/srv/git/app.git", "app"),
            ("/srv/app/.git", "app"),
            ("../app", "app"),
            ("file:///srv/git/app.git", "app"),
        ] {
            assert_eq!(repository_name(url).as_deref(), Some(name), "{url}");
        }
        assert_eq!(repository_name(".."), None);
    }

    #[test]
    fn addresses_of_others() {
        for (url, host, other) in [
            ("https://me:secret@github.com/acme/app.git", None, "https://github.com/o/r.git"),
            ("https://git.example.com:8443/acme/app", None, "https://git.example.com:8443/o/r.git"),
            ("git@github.com:acme/app.git", None, "git@github.com:o/r.git"),
            ("ssh://git@host:2222/acme/app", None, "ssh://git@host:2222/o/r.git"),
            ("git@github.com:acme/app.git", Some("git.example.com"), "git@git.example.com:o/r.git"),
            ("https://github.com/acme/app", Some("git.example.com"), "https://git.example.com/o/r.git"),
        ] {
            assert_eq!(beside(url, host, "o/r").as_deref(), Some(other), "{url}");
        }
        assert_eq!(beside("/srv/git/app.git", None, "o/r"), None);
    }

    #[test]
    fn what_names_a_repository_on_a_host() {
        for name in ["acme/evals", "a/b/c", "a.b/c_d-e"] {
            assert!(is_name(name), "{name}");
        }
        for other in ["evals", "/acme/evals", "./a/b", "../a", "a/", "git@h:a/b", "https://h/a", "~/a", "a b/c", "-a/b"]
        {
            assert!(!is_name(other), "{other}");
        }
    }
}
