//! Whatever git says to `git-remote-agentv`: no panic, an end, and no list after a failure.
#![no_main]

use std::io::Cursor;

use git_agentv::git::Oid;
use git_agentv::sync::helper::{Error, Options, Pushed, Result, Side, Want, talk};
use libfuzzer_sys::fuzz_target;

/// A remote that works or does not, and counts what it was asked for.
struct Remote {
    works: bool,
    listed: usize,
}

impl Remote {
    fn answer<T>(&self, answer: T) -> Result<T> {
        if self.works { Ok(answer) } else { Err(Error::Rewritten(String::new())) }
    }
}

impl Side for Remote {
    fn tip(&mut self, _: &Options) -> Result<Option<Oid>> {
        self.listed += 1;
        self.answer(Oid::from_hex(&[b'1'; 40]).ok())
    }

    fn filters(&self) -> bool {
        true
    }

    fn fetch(&mut self, options: &Options, _: &[Want]) -> Result<()> {
        let _ = options.for_fetch("refs/agentv/runs/v1");
        self.answer(())
    }

    fn push(&mut self, options: &Options, from: &str, _: bool) -> Result<Pushed> {
        let _ = options.for_push();
        self.answer(Pushed::Refused(from.to_owned()))
    }
}

fuzz_target!(|data: &[u8]| {
    for works in [true, false] {
        let (mut remote, mut answer) = (Remote { works, listed: 0 }, Vec::new());
        let end = talk(&mut Cursor::new(data), &mut answer, &mut remote);
        let lists = answer.split(|&b| b == b'\n').filter(|line| *line == b"@refs/heads/runs HEAD").count();
        assert_eq!(lists, if works { remote.listed } else { 0 });
        assert!(works || remote.listed == 0 || end.is_err());
    }
});
