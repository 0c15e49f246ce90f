//! Which file names can be stored.

/// Whether git and every file system that it knows take `name` as one part of
/// a path: not empty, no slash or control character, none of `.`, `..` and the
/// spellings of `.git` that git refuses (`core.protectNTFS` and
/// `core.protectHFS` in git-config(1)).
#[must_use]
pub fn is_valid_name(name: &[u8]) -> bool {
    if name.is_empty() || name == b"." || name == b".." || name.iter().any(|&b| b == b'/' || b < 0x20 || b == 0x7f) {
        return false;
    }
    // HFS+ ignores these code points; NTFS ignores trailing dots and spaces and has streams.
    let visible: String = String::from_utf8_lossy(name)
        .chars()
        .filter(
            |c| !matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}'),
        )
        .collect::<String>()
        .to_ascii_lowercase();
    let ntfs = visible.split([':', '\\']).next().unwrap_or_default().trim_end_matches(['.', ' ']);
    visible != ".git" && ntfs != ".git" && ntfs != "git~1"
}

#[cfg(test)]
mod tests {
    use super::is_valid_name;

    #[test]
    fn refuses_what_git_refuses() {
        let bad = [
            ".git",
            ".GIT",
            ".git.",
            ".git ",
            "git~1",
            ".git::$INDEX_ALLOCATION",
            ".g\u{200c}it",
            "..",
            ".",
            "",
            "a/b",
            "a\nb",
            "a\x07",
        ];
        for name in bad {
            assert!(!is_valid_name(name.as_bytes()), "{name:?}");
        }
        for name in [".gitignore", "git", "a b", "ä", ".internal", "summary.json", "x~1"] {
            assert!(is_valid_name(name.as_bytes()), "{name:?}");
        }
        assert!(is_valid_name(b"caf\xe9"), "names need not be UTF-8");
    }
}
