//! A remote helper that neither git nor we know: `nearby::PATH`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::env::{TestEnv, path_with_us};

/// What an address of the helper begins with.
pub const HELPER: &str = "nearby::";

/// Every command of `env` finds the helper `git-remote-nearby` from now on: it serves `nearby::PATH`.
pub fn helper(env: &mut TestEnv) {
    let dir = env.root().join("helpers");
    std::fs::create_dir_all(&dir).unwrap();
    let script = dir.join("git-remote-nearby");
    let text = "#!/bin/sh\n\
        while read -r word service; do case $word in\n\
        capabilities) printf 'connect\\n\\n';;\n\
        connect) echo; unset GIT_DIR; exec git \"${service#git-}\" \"$2\";;\n\
        *) exit 0;;\n\
        esac; done\n";
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = path_with_us();
    let dirs = std::iter::once(dir.as_path().to_owned()).chain(std::env::split_paths(Path::new(&path)));
    env.set("PATH", std::env::join_paths(dirs).unwrap());
}
