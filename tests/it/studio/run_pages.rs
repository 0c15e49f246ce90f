//! The pages of a run, a case, a file, a comparison, and trends, as a reader without script gets them.

use std::fmt::Write;

use serde_json::json;

use super::client::Studio;
use crate::env::TestEnv;

const EVIL: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

/// A repository with a real run of each era and a copy of the older one in which another case fails.
fn three_runs(env: &TestEnv) -> Vec<String> {
    env.bundle("agentv-4.42.4", "runs/old");
    let later = env.bundle("agentv-4.42.4", "runs/later");
    env.bundle("agentv-5.3.1", "runs/new");
    let index = std::fs::read_to_string(later.join("index.jsonl")).unwrap();
    // It is a day later, so that which one is the earlier does not hang on the second in which they are recorded.
    let index = index.replace("2026-11-22T", "2026-11-23T");
    let index: Vec<String> = index
        .lines()
        .map(|line| {
            let mut row: serde_json::Value = serde_json::from_str(line).unwrap();
            if row["test_id"] == "france" {
                row["score"] = json!(0.25);
            }
            row.to_string()
        })
        .collect();
    std::fs::write(later.join("index.jsonl"), index.join("\n") + "\n").unwrap();
    let benchmark = std::fs::read_to_string(later.join("benchmark.json")).unwrap();
    std::fs::write(later.join("benchmark.json"), benchmark.replace("2026-11-22T", "2026-11-23T")).unwrap();
    let id = |dir: &str| {
        let told = env.agentv(["record", "--format", "json", &format!("runs/{dir}")]).json();
        told["recorded"][0]["row"]["id"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned()
    };
    ["old", "later", "new"].map(id).to_vec()
}

/// A run whose every name and text holds script.
fn evil(env: &TestEnv) -> String {
    let dir = env.root().join("evil");
    std::fs::create_dir_all(dir.join("case")).unwrap();
    let row = json!({
        "timestamp": "2026-07-04T12:00:00.000Z", "test_id": EVIL, "suite": EVIL, "target": EVIL, "experiment": EVIL,
        "score": 0.0, "execution_status": "ok", "error": EVIL, "scores": [{
            "name": EVIL, "type": EVIL, "score": 0, "verdict": "fail", "reasoning": EVIL,
            "assertions": [{"text": EVIL, "passed": false, "evidence": EVIL}]
        }],
        "artifact_dir": "case", "transcript_path": "case/transcript.jsonl", "answer_path": "case/answer.md",
        "input_path": "case/input.md"
    });
    std::fs::write(dir.join("index.jsonl"), format!("{row}\n")).unwrap();
    let benchmark = json!({"metadata": {"eval_file": "e", "timestamp": "2026-07-04T12:00:00.000Z", "targets": [EVIL], "tests_run": [EVIL], "experiment": EVIL}, "run_summary": {}});
    std::fs::write(dir.join("benchmark.json"), benchmark.to_string()).unwrap();
    let call = json!({"role": EVIL, "content": [
        {"type": "text", "text": EVIL}, {"type": "tool_use", "name": EVIL, "input": {EVIL: EVIL}},
        {"type": "file", "path": EVIL}, {"type": EVIL}
    ]});
    std::fs::write(dir.join("case/transcript.jsonl"), format!("{call}\n{EVIL}\n")).unwrap();
    std::fs::write(
        dir.join("case/answer.md"),
        format!("{EVIL}\n\n[a](javascript:alert(1)) ![b](https://evil.example/b.png)\n"),
    )
    .unwrap();
    std::fs::write(dir.join("case/input.md"), EVIL).unwrap();
    std::fs::write(dir.join("case/<script>alert(1)<.txt"), EVIL).unwrap();
    std::fs::write(dir.join("case/a.json"), json!({EVIL: [EVIL]}).to_string()).unwrap();
    std::fs::write(dir.join("case/a.patch"), format!("+{EVIL}\n")).unwrap();
    let dir = dir.to_str().unwrap();
    env.agentv(["record", dir, "--tag", "x"]).ok();
    env.runs()[0]["id"].as_str().unwrap().to_owned()
}

#[track_caller]
fn page(studio: &Studio, path: &str) -> String {
    let answer = studio.get(path);
    let text = answer.text();
    assert_eq!(answer.status, 200, "{path}: {text}");
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
    for bad in ["<script>", "<img src=x", " style=", " onerror=", "href=\"javascript", "src=\"http"] {
        let unsafe_text = text.replace("&#60;", "").replace("&lt;", "");
        assert!(
            !text.contains(bad) || (bad.starts_with(' ') && !unsafe_text.contains("<img")),
            "{path}: {bad} in {text}"
        );
    }
    assert_eq!(text.matches("<details").count(), text.matches("</details>").count(), "{path}");
    text
}

#[test]
fn a_run_is_complete_without_script() {
    let env = TestEnv::new();
    let ids = three_runs(&env);
    env.agentv(["tag", &ids[0], "+baseline"]).ok();
    let studio = Studio::start(&env, &[]);
    for id in &ids {
        let text = page(&studio, &format!("/runs/{id}"));
        let (failed, passed) = (text.find(">failed</td>").unwrap(), text.find(">passed</td>").unwrap());
        assert!(failed < passed, "what needs attention comes first");
        for address in addresses(&text).iter().filter(|address| address.starts_with("/runs/")) {
            let answer = studio.get(address);
            let none_before = address.ends_with("/against") && answer.status == 404;
            assert!(matches!(answer.status, 200 | 303) || none_before, "{address}: {}", answer.status);
        }
    }
    assert!(page(&studio, &format!("/runs/{}", ids[0])).contains("baseline"));
    // Changes are for scripts with the token; a server that only reads offers none.
    let reader = Studio::start(&env, &["--read-only"]);
    let text = page(&reader, &format!("/runs/{}", ids[0]));
    assert!(!text.contains("<textarea") && !text.contains("id=\"delete\""), "{text}");
}

#[test]
fn a_case_tells_all_that_its_bundle_says() {
    let env = TestEnv::new();
    let ids = three_runs(&env);
    let studio = Studio::start(&env, &[]);
    for id in [&ids[0], &ids[2]] {
        let text = page(&studio, &format!("/runs/{id}/case/wrong"));
        for said in [
            "FAIL What is the capital of France?",
            "nope",
            "Output does not contain",
            "contains-Paris",
            "class=\"turn assistant\"",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        let number =
            (1..=3).find(|n| page(&studio, &format!("/runs/{id}/case/{n}")).contains("<title>wrong ")).unwrap();
        assert_eq!(page(&studio, &format!("/runs/{id}/case/{number}")), text);
    }
    let raw = page(&studio, &format!("/runs/{}/case/wrong?transcript=raw", ids[2]));
    assert!(raw.contains("transcript-raw.jsonl") && raw.contains("class=\"turn user\""), "{raw}");
    for nowhere in ["0", "4", "Wrong", "x%2Fy"] {
        assert_eq!(studio.get(&format!("/runs/{}/case/{nowhere}", ids[0])).status, 404, "{nowhere}");
    }
}

#[test]
fn what_a_run_says_is_text_on_every_page() {
    let env = TestEnv::new();
    let id = evil(&env);
    env.agentv(["note", &id, "-m", EVIL]).ok();
    let studio = Studio::start(&env, &[]);
    let run = format!("/runs/{id}");
    let name = "%3Cscript%3Ealert%281%29%3C%2Fscript%3E%22%27%3E%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E";
    let paths = [
        run.clone(),
        format!("{run}/case/1"),
        format!("{run}/files"),
        format!("{run}/files/case"),
        format!("{run}/files/case/a.json"),
        format!("{run}/files/case/a.patch"),
        format!("{run}/files/case/answer.md"),
        format!("{run}/files/case/answer.md?as=text"),
        format!("{run}/files/index.jsonl"),
        format!("{run}/files/case/%3Cscript%3Ealert%281%29%3C.txt"),
        format!("{run}/search?q={name}"),
        format!("{run}/search?q=alert"),
        format!("/compare?base={id}&run={id}"),
        "/trends".into(),
        format!("/trends?case={name}"),
        format!("/trends?q={name}"),
        "/".into(),
    ];
    for path in paths {
        let text = page(&studio, &path);
        assert!(text.contains("script"), "{path} shows it as text: {text}");
    }
    let text = page(&studio, &format!("{run}/case/1"));
    assert!(text.matches("alert(1)").count() > 8, "{text}");
}

#[test]
fn files_are_shown_as_what_they_are() {
    let env = TestEnv::new();
    let dir = env.root().join("any");
    std::fs::create_dir_all(dir.join("deep/er")).unwrap();
    let lines = (1..=2500).fold(String::new(), |mut all, n| {
        writeln!(all, "line {n}").unwrap();
        all
    });
    std::fs::write(dir.join("deep/er/long.txt"), lines).unwrap();
    std::fs::write(
        dir.join("a.md"),
        "# Title\n\n[there](deep/er/long.txt) [out](../../x) ![p](p.png)\n\n| a |\n|:-:|\n| 1 |\n",
    )
    .unwrap();
    std::fs::write(dir.join("a.diff"), "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n").unwrap();
    std::fs::write(dir.join("p.png"), b"\x89PNG\r\n\x1a\n").unwrap();
    std::fs::write(dir.join("b.bin"), [0_u8, 1, 2]).unwrap();
    std::fs::write(dir.join("broken.json"), "{\"a\": ").unwrap();
    std::fs::write(dir.join("a.json"), "{\"a\": {\"b\": [1, true, \"x\"]}}").unwrap();
    env.agentv(["record", dir.to_str().unwrap(), "--name", "any"]).ok();
    let id = env.runs()[0]["id"].as_str().unwrap().to_owned();
    let studio = Studio::start(&env, &[]);
    let file = |path: &str| page(&studio, &format!("/runs/{id}/files/{path}"));
    assert!(page(&studio, &format!("/runs/{id}")).contains("The run has no cases."));
    let first = file("deep/er/long.txt");
    assert!(
        first.contains("<tr id=\"L1000\">") && !first.contains("<tr id=\"L1001\">") && first.contains("?from=1001")
    );
    let last = file("deep/er/long.txt?from=2001");
    assert!(last.contains("line 2500") && !last.contains("More lines") && last.contains("?from=1001"), "{last}");
    let text = file("a.md");
    assert!(
        text.contains("<h1>Title</h1>") && text.contains(&format!("href=\"/runs/{id}/files/deep/er/long.txt\"")),
        "{text}"
    );
    assert!(text.contains(&format!("src=\"/api/runs/{id}/files/p.png\"")) && text.contains("(../../x)"), "{text}");
    assert!(file("a.md?as=text").contains("# Title"));
    let text = file("a.diff");
    assert!(
        text.contains("class=\"del\"") && text.contains("class=\"add\"") && text.contains("class=\"hunk\""),
        "{text}"
    );
    assert!(file("a.json").contains("<details open><summary><span class=\"key\">a</span>"));
    assert!(file("broken.json").contains("<tr id=\"L1\">"), "what is no JSON is text");
    assert!(file("b.bin").contains("It is not text.") && file("p.png").contains("<img class=\"shown\""));
    assert!(file("deep").contains("long.txt") && file("deep/").contains("long.txt"));
    for nowhere in ["nowhere", "deep/er/none", "a.md/x", "../x"] {
        assert!(matches!(studio.get(&format!("/runs/{id}/files/{nowhere}")).status, 404), "{nowhere}");
    }
    let found = page(&studio, &format!("/runs/{id}/search?q=LINE%202400"));
    let address = format!("/runs/{id}/files/deep/er/long.txt?as=text&#38;from=2001#L2400");
    assert!(found.contains(&address) && found.contains("<mark>line 2400</mark>"), "{found}");
    assert!(file("deep/er/long.txt?as=text&from=2001").contains("<tr id=\"L2400\">"));
    assert!(page(&studio, &format!("/runs/{id}/search?q=")).contains("Nothing found"));
}

#[test]
fn a_transcript_of_a_million_lines_is_shown_page_by_page() {
    let env = TestEnv::new();
    let dir = env.bundle("agentv-4.42.4", "runs/long");
    let mut lines = String::new();
    for n in 0..1_000_000 {
        writeln!(lines, "{{\"role\":\"user\",\"content\":\"turn {n}\"}}").unwrap();
    }
    std::fs::write(dir.join("capitals/wrong/outputs/transcript.jsonl"), &lines).unwrap();
    env.agentv(["record", "runs/long"]).ok();
    let studio = Studio::start(&env, &[]);
    let run = format!("/runs/{}", env.runs()[0]["id"].as_str().unwrap());
    let first = page(&studio, &format!("{run}/case/wrong"));
    assert_eq!(first.matches("class=\"turn user\"").count(), 200);
    assert!(first.contains("turn 199<") && first.len() < 100_000);
    let next = first.split("class=\"more\"><a href=\"").nth(1).unwrap().split('#').next().unwrap();
    let second = page(&studio, &format!("{run}/case/wrong{next}"));
    assert!(second.contains("turn 200<") && second.contains("turn 399<") && second.contains("From the beginning"));
    // The end costs no more than the beginning, and is the end.
    let at = lines.find("{\"role\":\"user\",\"content\":\"turn 999900\"}").unwrap();
    let last = page(&studio, &format!("{run}/case/wrong?at={at}"));
    assert!(last.contains("turn 999999<") && !last.contains("More of the transcript"));
    assert!(page(&studio, &format!("{run}/case/wrong?at=99999999999")).contains("Nothing is in it."));
}

#[test]
fn two_runs_side_by_side() {
    let env = TestEnv::new();
    let ids = three_runs(&env);
    let studio = Studio::start(&env, &[]);
    let there = studio.get(&format!("/runs/{}/against", ids[1]));
    assert_eq!(there.status, 303);
    let address = there.header("location").unwrap().to_owned();
    assert_eq!(address, format!("/compare?base={}&run={}", ids[0], ids[1]));
    let text = page(&studio, &address);
    assert!(text.contains("1 worse") && text.contains("2 same"), "{text}");
    let worse = text.split("class=\"change worse\"").nth(1).unwrap();
    assert!(worse.contains("france") && worse.contains("0.250") && worse.contains("same output"), "{worse}");
    let back = page(&studio, &format!("/compare?base={}&run={}", ids[1], ids[0]));
    assert!(back.contains("1 better"), "{back}");
    assert_eq!(studio.get(&format!("/runs/{}/against", ids[0])).status, 404);
    assert_eq!(studio.get("/compare").status, 400);
    assert_eq!(studio.get(&format!("/compare?base={}&run=nope", ids[0])).status, 404);
}

#[test]
fn trends_of_runs_and_of_a_case() {
    let env = TestEnv::new();
    let studio = Studio::start(&env, &[]);
    assert!(page(&studio, "/trends").contains("No runs are recorded"));
    let ids = three_runs(&env);
    let text = page(&studio, "/trends");
    for id in &ids {
        assert!(text.contains(&format!("<a href=\"/runs/{id}\" tabindex=\"-1\">")), "a mark for each run: {text}");
    }
    assert_eq!(text.matches("<svg viewBox=\"0 0 360 150\" role=\"img\"").count(), text.matches("<desc").count());
    for (case, mark) in [
        ("france", "class=\"passed\" cx"),
        ("wrong", "class=\"failed\" transform"),
        ("crash", "class=\"errors\" transform"),
    ] {
        let text = page(&studio, &format!("/trends?case={case}"));
        let charts = text.split("class=\"charts\"").nth(1).unwrap();
        assert_eq!(charts.matches(mark).count(), 3, "{case}: {text}");
    }
    assert!(page(&studio, "/trends?case=nobody").contains("has this case"));
    assert!(page(&studio, "/trends?q=experiment:nobody").contains("No run matches."));
    assert!(page(&studio, "/trends?q=colour:red").contains("role=\"alert\""));
    page(&studio, "/trends?by=commit");
}

#[test]
fn a_deleted_run_and_one_that_is_not_there() {
    let env = TestEnv::new();
    let ids = three_runs(&env);
    env.agentv(["delete", &ids[1]]).ok();
    let studio = Studio::start(&env, &[]);
    let text = page(&studio, &format!("/runs/{}", ids[1]));
    assert!(text.contains("Deleted ") && text.contains("id=\"restore\"") && text.contains("1 of 3"), "{text}");
    for below in ["case/1", "files", "files/index.jsonl", "search?q=a"] {
        let answer = studio.get(&format!("/runs/{}/{below}", ids[1]));
        assert_eq!(answer.status, 410, "{below}");
        assert!(answer.text().contains("<h1>"), "{below}: {}", answer.text());
    }
    for nowhere in [
        "/runs/ffffffffffff",
        "/runs/ffffffffffff/case/1",
        "/runs/ffffffffffff/files/a",
        "/runs/zz/against",
        "/runs/zz/changes",
        "/runs/zz/search",
    ] {
        let answer = studio.get(nowhere);
        assert_eq!(answer.status, 404, "{nowhere}");
        assert!(answer.text().contains("no run matches"), "{nowhere}: {}", answer.text());
    }
}

/// The addresses of a page's links.
fn addresses(text: &str) -> Vec<String> {
    text.split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(|address| address.split('#').next().unwrap_or_default().replace("&#38;", "&").replace("&amp;", "&"))
        .collect()
}
