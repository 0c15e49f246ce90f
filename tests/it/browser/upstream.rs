//! The front end of upstream's dashboard, as npm has it, on our server.

use std::path::PathBuf;

use super::driver::Browser;
use super::many;
use crate::env::TestEnv;
use crate::import;
use crate::real_client::client;
use crate::studio::client::Studio;

/// The directory of the front end; none, and the reason printed, where it can't be had.
fn front_end() -> Option<PathBuf> {
    Some(client()?.join("../agentv/dist/dashboard").canonicalize().unwrap())
}

/// What is wrong in the console. Refusals are answers: evals can't be started here, and few runs have a log.
fn problems(browser: &Browser) -> Vec<String> {
    let answers =
        ["/api/eval/preview - Failed", "/log - Failed to load resource: the server responded with a status of 404"];
    browser.errors().into_iter().filter(|error| !answers.iter().any(|answer| error.contains(answer))).collect()
}

fn assert_well(browser: &Browser, studio: &Studio) {
    let problems = problems(browser);
    assert!(problems.is_empty(), "{problems:#?}");
    browser.assert_clean(&format!("http://{}", studio.host()));
}

struct Open {
    browser: Browser,
    studio: Studio,
}

impl Open {
    fn start(env: &TestEnv) -> Option<Self> {
        let dir = front_end()?;
        let browser = Browser::start()?;
        let studio = Studio::start(env, &["--ui", dir.to_str().unwrap()]);
        Some(Self { browser, studio })
    }

    /// Loads a page and waits for a text in it.
    #[track_caller]
    fn go(&self, path: &str, text: &str) {
        self.browser.go(&format!("http://{}{path}", self.studio.host()));
        self.sees(text);
    }

    #[track_caller]
    fn sees(&self, text: &str) {
        self.browser.until(&format!("document.body.innerText.includes({})", serde_json::json!(text)));
    }

    /// The cells of the table's row in which `text` stands.
    #[track_caller]
    fn row(&self, text: &str) -> String {
        let text = serde_json::json!(text);
        let row = format!("[...document.querySelectorAll('tbody tr')].find((row) => row.innerText.includes({text}))");
        self.browser.until(&row);
        self.browser.text(&format!("return {row}.innerText.replace(/\\s+/g, ' ').trim()"))
    }
}

/// How many runs the list shows.
const LISTED: &str =
    "new Set([...document.querySelectorAll('main a[href*=\"/runs/\"]')].map((link) => link.href)).size";

/// As far as its list is scrolled.
const DEEP: usize = 600;

/// Keeps at the end of the list until it has so many runs.
fn scroll_to(browser: &Browser, runs: usize) {
    browser.js(
        "window.toEnd ??= setInterval(() => { for (const box of [document.scrollingElement, ...document.querySelectorAll('main, main *')]) \
         if (box.scrollHeight > box.clientHeight) box.scrollTop = box.scrollHeight; }, 50)",
    );
    // Each hundred within the time that one answer may take.
    for more in (100..runs).step_by(100).chain([runs]) {
        browser.until(&format!("{LISTED} >= {more}"));
    }
    browser.js("clearInterval(window.toEnd)");
}

#[test]
fn all_its_pages_show_what_was_recorded() {
    let env = TestEnv::new();
    for bundle in ["agentv-4.42.4", "agentv-5.3.1"] {
        env.bundle(bundle, &format!(".agentv/results/{bundle}"));
    }
    env.agentv(["record"]).ok();
    env.git(["init", "-q", "--bare", "../remote.git"]).ok();
    env.git(["remote", "add", "origin", "../remote.git"]).ok();
    let runs = env.runs();
    let run = runs.iter().find(|run| run["experiment"] == "offline-demo").expect("the bundle has it");
    let id = run["id"].as_str().unwrap();
    let Some(open) = Open::start(&env) else { return };
    let browser = &open.browser;

    open.go("/", "Recent Runs");
    browser.until(&format!("{LISTED} === 2"));
    let row = open.row("offline-demo");
    assert!(row.contains("Local only 1 1 1") && row.contains("50%"), "{row}");
    open.go("/?tab=experiments", "offline-demo");
    assert!(open.row("offline-demo").contains("1 / 2 1 50%"), "{}", open.row("offline-demo"));
    open.go("/?tab=targets", "local_cli");
    assert!(open.row("local_cli").contains("2 2 50% 2 / 4 2"), "{}", open.row("local_cli"));

    // Compare: the matrix, with its cases, and two runs side by side.
    open.go("/?tab=analytics", "Analyze runs");
    assert!(open.row("local_cli").contains("1 / 2"), "{}", open.row("local_cli"));
    browser.click_text("button", "Per run2");
    open.sees("select two or more");
    browser.js("document.querySelectorAll('main input[type=checkbox]').forEach((box) => box.click())");
    browser.click_text("button", "Compare 2 →");
    open.sees("france");
    open.sees("crash");

    // A run, a case, its files.
    open.go(&format!("/runs/{id}"), "Category Breakdown");
    let row = open.row("france");
    assert!(row.starts_with("Passing france local_cli 100% capitals"), "{row}");
    assert!(open.row("crash").contains("exit code 3"));
    open.go(&format!("/evals/{id}/wrong"), "Failure Reason");
    open.sees("Output does not contain \"Paris\"");
    browser.click_text("button", "Files");
    browser.click_text("span", "answer.md");
    let content = "[...document.querySelectorAll('main pre')].map((text) => text.textContent).join('|')";
    browser.until(&format!("{content} === '1|nope\\n'"));
    browser.click_text("span", "grading.json");
    browser.until(&format!("{content}.includes('contains-Paris')"));
    assert_well(browser, &open.studio);

    // It can't agree to a first push, and says what can.
    open.go("/", "Recent Runs");
    open.sees("0 of 2 runs on remote");
    browser.click_text("button", "Push Results");
    open.sees("git agentv push");
    let refused = problems(browser);
    assert!(refused.iter().all(|problem| problem.contains("409 (Conflict)")), "{refused:#?}");
    env.agentv(["push", "--yes"]).ok();
    open.go("/", "2 of 2 runs on remote");
    assert!(open.row("offline-demo").contains("Synced"), "{}", open.row("offline-demo"));
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    open.go("/", "2 of 3 runs on remote");
    browser.click_text("button", "Push Results");
    open.sees("3 of 3 runs on remote");
    assert_eq!(
        env.git(["rev-parse", "refs/agentv/runs/v1"]).ok(),
        env.git_in(env.root().join("remote.git"), ["rev-parse", "refs/agentv/runs/v1"]).ok()
    );
    assert_well(browser, &open.studio);
}

#[test]
fn its_list_scrolls_on_and_on_among_five_thousand_runs() {
    let env = TestEnv::new();
    let Some(_) = front_end() else { return };
    many::record(&env, 5_000);
    let Some(open) = Open::start(&env) else { return };
    open.go("/", "Recent Runs");
    // It asks for all pages that it has again every few seconds and drops no row: further down it is slow by itself.
    scroll_to(&open.browser, DEEP);
    let ids = env.runs();
    let there = "return [...new Set([...document.querySelectorAll('main tbody a[href*=\"/runs/\"]')].map((link) => link.href.split('/').pop()))]";
    let there = open.browser.js(there);
    let there: Vec<&str> = there.as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    assert!(there.len() >= DEEP);
    assert!(there.iter().zip(&ids).all(|(there, run)| run["id"] == **there), "newest first, without a gap");
    open.go("/?tab=targets", "gemini-pro");
    assert_well(&open.browser, &open.studio);
}

#[test]
fn the_real_results_branch_is_shown_whole() {
    let Some(_) = front_end() else { return };
    let Some(env) = import::with_branch(&[]) else { return };
    import::import(&env, &[]);
    let runs = env.runs();
    let Some(open) = Open::start(&env) else { return };
    open.go("/", "Recent Runs");
    scroll_to(&open.browser, runs.len().min(DEEP));
    open.go("/?tab=experiments", "Last Run");
    open.go("/?tab=analytics", "Analyze runs");
    open.go("/?tab=targets", "Target");
    for run in runs.iter().step_by(runs.len() / 5) {
        let id = run["id"].as_str().unwrap();
        open.go(&format!("/runs/{id}"), "All Evals");
        open.sees(&format!("{0} of {0} rows", run["test_count"]));
    }
    assert_well(&open.browser, &open.studio);
}
