//! Which bytes of a file are wanted (`Range`).

/// What a `Range` header asks of a file of some size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it.
    All,
    /// From the first to the last of these, both included.
    Part(u64, u64),
    /// What the file does not have.
    Nothing,
}

/// Reads a `Range`. What is not understood, and more than one range, means all: HTTP allows that.
pub(super) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some(spec) = header.and_then(|header| header.trim().strip_prefix("bytes=")) else { return Wanted::All };
    let Some((first, last)) = spec.trim().split_once('-').filter(|_| !spec.contains(',')) else { return Wanted::All };
    let number = |digits: &str| {
        let digits = digits.trim();
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        // A number beyond all bounds is beyond the end.
        plain.then(|| digits.parse().unwrap_or(u64::MAX))
    };
    match (first.trim().is_empty(), number(first), last.trim().is_empty(), number(last)) {
        (true, _, _, Some(count)) if count > 0 && size > 0 => Wanted::Part(size - count.min(size), size - 1),
        (true, _, _, Some(_)) => Wanted::Nothing,
        (_, Some(from), true, _) if from < size => Wanted::Part(from, size - 1),
        (_, Some(from), _, Some(to)) if from <= to && from < size => Wanted::Part(from, to.min(size - 1)),
        (_, Some(from), _, Some(to)) if from > to => Wanted::All,
        (_, Some(_), _, Some(_)) | (_, Some(_), true, _) => Wanted::Nothing,
        _ => Wanted::All,
    }
}

#[cfg(test)]
mod tests {
    use super::Wanted::{All, Nothing, Part};
    use super::wanted;

    #[test]
    fn ranges() {
        let table = [
            (None, 10, All),
            (Some("bytes=0-3"), 10, Part(0, 3)),
            (Some("bytes=3-"), 10, Part(3, 9)),
            (Some("bytes=-3"), 10, Part(7, 9)),
            (Some("bytes=-30"), 10, Part(0, 9)),
            (Some("bytes=0-99999999999999999999999"), 10, Part(0, 9)),
            (Some("bytes=10-"), 10, Nothing),
            (Some("bytes=10-12"), 10, Nothing),
            (Some("bytes=-0"), 10, Nothing),
            (Some("bytes=0-"), 0, Nothing),
            (Some("bytes=-1"), 0, Nothing),
            (Some("bytes=5-3"), 10, All),
            (Some("bytes=0-1,3-4"), 10, All),
            (Some("bytes=a-b"), 10, All),
            (Some("lines=0-1"), 10, All),
            (Some("bytes=-"), 10, All),
            (Some("bytes=+1-3"), 10, All),
        ];
        for (header, size, expected) in table {
            assert_eq!(wanted(header, size), expected, "{header:?} of {size}");
        }
    }
}
