//! One list of sealed runs.

use std::collections::BTreeMap;

use crate::git::{Oid, Repo};
use crate::store::{Error, Result};

/// A list as it is stored. One line is wanted of thousands, so it is searched, not parsed.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) text: Vec<u8>,
    pub(super) path: String,
}

impl List {
    /// With other runs than `before`.
    pub(super) fn new(before: &Self, runs: &BTreeMap<String, Oid>) -> Self {
        use std::io::Write;
        let mut text = Vec::new();
        for (rest, tree) in runs {
            let _ = writeln!(text, "{rest} {tree}");
        }
        Self { text, path: before.path.clone() }
    }

    /// How many runs are in it.
    #[expect(clippy::naive_bytecount, reason = "a few hundred kilobytes at a million runs")]
    pub(super) fn len(&self) -> usize {
        self.text.iter().filter(|&&byte| byte == b'\n').count()
    }

    /// Where the first line begins that is not less than `wanted`.
    fn find(&self, wanted: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.text.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let start = self.text[low..middle].iter().rposition(|&byte| byte == b'\n').map_or(low, |at| low + at + 1);
            let line = self.line(start);
            if &line[..line.len().min(wanted.len())] < wanted { low = start + line.len() + 1 } else { high = start }
        }
        low.min(self.text.len())
    }

    /// The line that begins at `start`.
    fn line(&self, start: usize) -> &[u8] {
        self.text[start..].split(|&byte| byte == b'\n').next().unwrap_or_default()
    }

    pub(super) fn get(&self, repo: &Repo, rest: &str) -> Result<Option<Oid>> {
        let start = self.find(format!("{rest} ").as_bytes());
        if start == self.text.len() {
            return Ok(None);
        }
        let (found, tree) = self.parse(repo, self.line(start))?;
        Ok((found == rest).then_some(tree))
    }

    pub(super) fn starting_with(&self, repo: &Repo, rest: &str) -> Result<BTreeMap<String, Oid>> {
        let mut found = BTreeMap::new();
        for line in self.text[self.find(rest.as_bytes())..].split(|&byte| byte == b'\n').filter(|line| !line.is_empty())
        {
            let (name, tree) = self.parse(repo, line)?;
            if !name.starts_with(rest) {
                break;
            }
            found.insert(name, tree);
        }
        Ok(found)
    }

    /// Those lines that can be read.
    pub(super) fn readable(&self, repo: &Repo) -> Vec<(String, Oid)> {
        decode_leniently(repo, &self.text).0
    }

    fn parse(&self, repo: &Repo, line: &[u8]) -> Result<(String, Oid)> {
        let text = String::from_utf8_lossy(line);
        let parsed = text.split_once(' ').and_then(|(rest, hex)| Some((rest.to_owned(), repo.parse_oid(hex)?)));
        parsed.ok_or_else(|| Error::Damaged {
            what: self.path.clone(),
            reason: format!("'{}' is no line of it", text.escape_debug()),
        })
    }
}

/// Those lines of a list that can be read, in their order, and what is wrong with the whole.
pub(in crate::store) fn decode_leniently(repo: &Repo, data: &[u8]) -> (Vec<(String, Oid)>, Vec<String>) {
    let (mut entries, mut wrong) = (Vec::<(String, Oid)>::new(), Vec::new());
    for line in String::from_utf8_lossy(data).lines() {
        let name =
            |rest: &str| rest.len() >= 6 && rest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let parsed = line.split_once(' ').filter(|(rest, _)| name(rest));
        match parsed.and_then(|(rest, hex)| Some((rest.to_owned(), repo.parse_oid(hex)?))) {
            Some(entry) => entries.push(entry),
            None => wrong.push(format!("'{}' is no line of it", line.escape_debug())),
        }
    }
    if wrong.is_empty() && List::new(&List::default(), &entries.iter().cloned().collect()).text != data {
        let sorted = entries.is_sorted_by(|a, b| a.0 < b.0);
        wrong.push(if sorted { "it is not in canonical form" } else { "its lines are not sorted, each once" }.into());
    }
    (entries, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_wherever_it_stands() {
        let id = Oid::from_hex("0123456789".repeat(4).as_bytes()).unwrap();
        for count in [0_usize, 1, 2, 3, 100] {
            let runs: BTreeMap<String, Oid> = (0..count).map(|n| (format!("{:06x}", n * 7), id)).collect();
            let list = List::new(&List::default(), &runs);
            assert_eq!(list.len(), count);
            for (place, rest) in runs.keys().enumerate() {
                let start = list.find(format!("{rest} ").as_bytes());
                assert!(list.line(start).starts_with(rest.as_bytes()));
                assert_eq!(start, place * (6 + 1 + 40 + 1));
            }
            assert_eq!(list.find(b"g"), list.text.len());
            assert_eq!(list.find(b""), 0);
        }
    }
}
