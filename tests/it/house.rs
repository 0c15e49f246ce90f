//! What each module may know (`src/lib.rs`).

use std::path::Path;

use crate::env::read_dir;

#[test]
fn modules_know_only_what_they_may() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    // Module, and what its code must not name.
    let borders: [(&str, &[&str]); 8] = [
        ("run", &["gix", "crate::git", "crate::store", "crate::cli"]),
        ("git", &["crate::run", "crate::store", "crate::cli"]),
        ("store", &["gix::", "crate::cli", "println!", "std::process::Command"]),
        ("sync", &["gix", "crate::cli", "println!", "std::process::Command"]),
        ("hooks", &["gix", "crate::cli", "println!", "std::process::Command"]),
        ("index", &["gix", "crate::cli", "println!", "std::process::Command"]),
        ("studio", &["gix", "crate::git", "crate::cli", "println!", "std::process::Command"]),
        ("cli", &["gix::"]),
    ];
    let mut read = 0;
    for (module, forbidden) in borders {
        for (path, text) in read_dir(&src.join(module)) {
            read += 1;
            let text = String::from_utf8(text).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for (number, line) in code.enumerate() {
                for word in forbidden {
                    assert!(
                        !line.contains(word),
                        "src/{module}/{}: '{word}' in code line {number}: {line}",
                        path.display()
                    );
                }
            }
        }
    }
    assert!(read > 50, "the modules are where they were");
}
