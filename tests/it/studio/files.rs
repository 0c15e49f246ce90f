//! The files of a run: ranges, large ones, kinds, names.

use std::io::{BufReader, Read, Write};

use super::client::{Studio, read_head};
use crate::env::TestEnv;

/// A run with these files beside its own; returns its id.
fn run_with(env: &TestEnv, files: &[(&str, &[u8])]) -> String {
    let dir = env.small_bundle(1);
    for (path, content) in files {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    env.agentv(["record"]).ok();
    env.runs()[0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn bytes_and_ranges() {
    let env = TestEnv::new();
    let content: Vec<u8> = (0..=255).cycle().take(3000).collect();
    let id = run_with(&env, &[("blob.bin", &content), ("empty.txt", b"")]);
    let studio = Studio::start(&env, &[]);
    let path = format!("/api/runs/{id}/files/blob.bin");
    let whole = studio.get(&path);
    assert_eq!((whole.status, &whole.body), (200, &content));
    let etag = whole.header("etag").unwrap().to_owned();
    let object = env.git(["hash-object", ".agentv/results/small-1/blob.bin"]).ok();
    assert_eq!(etag, format!("\"{}\"", object.trim()));
    assert_eq!(studio.get_with(&path, &[("If-None-Match", &etag)]).status, 304);
    let range = |range: &str| studio.get_with(&path, &[("Range", range)]);
    for (asked, from, to) in
        [("bytes=0-9", 0, 9), ("bytes=2990-", 2990, 2999), ("bytes=-5", 2995, 2999), ("bytes=2999-9999", 2999, 2999)]
    {
        let part = range(asked);
        assert_eq!((part.status, &part.body[..]), (206, &content[from..=to]), "{asked}");
        assert_eq!(part.header("content-range").unwrap(), format!("bytes {from}-{to}/3000"));
    }
    let none = range("bytes=3000-");
    assert_eq!((none.status, none.header("content-range")), (416, Some("bytes */3000")));
    assert_eq!(range("bytes=0-1,3-4").status, 200);
    let changed = studio.get_with(&path, &[("Range", "bytes=0-9"), ("If-Range", "\"other\"")]);
    assert_eq!((changed.status, changed.body.len()), (200, 3000));
    let empty = studio.get(&format!("/api/runs/{id}/files/empty.txt"));
    assert_eq!((empty.status, empty.body.len(), empty.header("content-length")), (200, 0, Some("0")));
    let head = studio.send("HEAD", &path, &[], b"");
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, Some("3000"), 0));
}

#[test]
fn nothing_of_a_run_is_a_page_of_ours() {
    let env = TestEnv::new();
    let script = b"<!doctype html><script>alert(1)</script>";
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let names = [
        "page.html",
        "page.htm",
        "page.xhtml",
        "page.xml",
        "page.js",
        "page.mjs",
        "page.md",
        "page",
        "page.css",
        "page.pdf",
        "page.txt",
    ];
    let mut files: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, &script[..])).collect();
    files.push(("picture.svg", svg));
    files.push(("picture.png", b"\x89PNG\r\n\x1a\n\0\0"));
    files.push(("data.json", b"{}"));
    let id = run_with(&env, &files);
    let studio = Studio::start(&env, &[]);
    let get = |name: &str| studio.get(&format!("/api/runs/{id}/files/{name}"));
    for name in names {
        let file = get(name);
        assert_eq!(file.header("content-type"), Some("text/plain; charset=utf-8"), "{name}");
        let policy = file.header("content-security-policy").unwrap();
        assert!(policy.starts_with("sandbox; default-src 'none'") && !policy.contains("allow-scripts"), "{policy}");
        assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
        assert!(file.header("content-disposition").unwrap().starts_with("inline"));
    }
    let svg = get("picture.svg");
    assert!(
        svg.header("content-disposition").unwrap().starts_with("attachment")
            && svg.header("content-security-policy").unwrap().starts_with("sandbox;")
    );
    assert_eq!(get("picture.png").header("content-type"), Some("image/png"));
    assert_eq!(get("data.json").header("content-type"), Some("application/json"));
    let kept = studio.get(&format!("/api/runs/{id}/files/page.md?download=1"));
    assert!(kept.header("content-disposition").unwrap().starts_with("attachment"));
}

#[test]
fn names_with_all_kinds_of_characters() {
    let env = TestEnv::new();
    let names = ["a b.txt", "ä/ö.txt", "100%.txt", "q?x=1#y.txt", "\"quoted\".txt", "a;b=c.txt", "a+b&c.txt"];
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, name.as_bytes())).collect();
    let id = run_with(&env, &files);
    let studio = Studio::start(&env, &[]);
    for name in names {
        let encoded: String = name
            .bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() || b"/.-".contains(&byte) {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect();
        let file = studio.get(&format!("/api/runs/{id}/files/{encoded}"));
        assert_eq!((file.status, file.text()), (200, name.to_owned()));
        let disposition = file.header("content-disposition").unwrap();
        assert!(
            disposition.is_ascii() && disposition.matches('"').count() == 0 && disposition.matches(';').count() == 1,
            "{disposition}"
        );
    }
}

#[test]
fn a_file_in_parts_is_whole_and_has_ranges() {
    let env = TestEnv::new();
    env.git(["config", "agentv.maxBlobSize", "1000"]).ok();
    let content: Vec<u8> = (0..10_500_u32).map(|n| (n % 251) as u8).collect();
    let id = run_with(&env, &[("large.log", &content)]);
    let studio = Studio::start(&env, &[]);
    let path = format!("/api/runs/{id}/files/large.log");
    let whole = studio.get(&path);
    assert!(whole.complete && whole.body == content);
    for (from, to) in [(0, 0), (999, 1000), (1000, 1999), (950, 5050), (10_499, 10_499), (0, 10_499)] {
        let part = studio.get_with(&path, &[("Range", &format!("bytes={from}-{to}"))]);
        assert!(part.status == 206 && part.body == content[from..=to], "{from}-{to}: {}", part.body.len());
    }
    studio.get(&format!("{path}/0000")).refused(404, "not_found");
    let files = studio.json(&format!("/api/runs/{id}/files"));
    let sizes: Vec<_> = files["files"].as_array().unwrap().iter().filter(|file| file["path"] == "large.log").collect();
    assert_eq!((sizes.len(), sizes[0]["size"].as_u64()), (1, Some(10_500)));
}

#[test]
fn two_hundred_megabytes_pass_through_without_being_held() {
    let env = TestEnv::new();
    let dir = env.small_bundle(1);
    // A transcript of 1,000,000 lines.
    let line = |n: u32| format!("{{\"turn\":{n:07},\"text\":\"{}\"}}\n", "x".repeat(175));
    let mut file = std::io::BufWriter::new(std::fs::File::create(dir.join("transcript.jsonl")).unwrap());
    for n in 0..1_000_000 {
        file.write_all(line(n).as_bytes()).unwrap();
    }
    file.into_inner().unwrap();
    let size = std::fs::metadata(dir.join("transcript.jsonl")).unwrap().len();
    assert!(size > 200_000_000);
    env.agentv(["record"]).ok();
    let id = env.runs()[0]["id"].as_str().unwrap().to_owned();
    let studio = Studio::start(&env, &[]);
    let path = format!("/api/runs/{id}/files/transcript.jsonl");
    let mut stream = studio.connect();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", studio.host());
    stream.write_all(request.as_bytes()).unwrap();
    let mut stream = BufReader::new(stream);
    let head = read_head(&mut stream);
    assert!(head.contains(&format!("content-length: {size}")), "{head}");
    // While somebody reads slowly, others get their answers.
    assert_eq!(studio.json("/api/runs")["total"], 1);
    let (mut buffer, mut read) = (vec![0; 1 << 20], 0_u64);
    let mut last = Vec::new();
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => break,
            n => {
                read += n as u64;
                last = buffer[n.saturating_sub(200)..n].to_vec();
            }
        }
    }
    assert_eq!(read, size);
    assert!(line(999_999).as_bytes().ends_with(&last[last.len().saturating_sub(50)..]));
    let end = studio.get_with(&path, &[("Range", "bytes=-204")]);
    assert!(end.status == 206 && end.text().contains("\"turn\":0999999"), "{}", end.text());
    if let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", studio.pid())) {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kib: u64 = peak.trim().split(' ').next().unwrap().parse().unwrap();
        assert!(kib < 200 << 10, "{kib} KiB for {size} bytes");
    }
}
