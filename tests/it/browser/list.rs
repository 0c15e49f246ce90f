//! The list of runs.

use super::driver::{Browser, key};
use super::many;
use crate::env::TestEnv;
use crate::studio::client::Studio;

/// More rows than these in the document would be felt.
const FEW: i64 = 300;
const ROWS: &str = "return document.querySelectorAll('#rows tr[data-id]').length";

/// A page of the list, loaded and alive.
fn open(browser: &Browser, studio: &Studio, path: &str) {
    browser.go(&format!("http://{}{path}", studio.host()));
    browser.until("!document.getElementById('help').hidden");
}

#[test]
fn ten_thousand_runs_scroll_to_the_end() {
    let Some(browser) = Browser::start() else { return };
    let env = TestEnv::new();
    many::record(&env, 10_000);
    let studio = Studio::start(&env, &[]);
    open(&browser, &studio, "/");
    assert_eq!(
        browser.text("return document.getElementById('total').textContent").replace(['\u{202f}', ','], ""),
        "10000"
    );
    let ids: Vec<String> = env.runs().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect();
    // As somebody who keeps the wheel turning; each step looks how many rows there are.
    browser.js("window.most = 0; window.ended = false; const step = () => { \
         most = Math.max(most, document.querySelectorAll('#rows tr').length); \
         scrollBy(0, 4000); \
         ended = document.querySelector(`#rows tr[aria-rowindex='10001']`) !== null; \
         if (!ended) requestAnimationFrame(step); }; step();");
    browser.until("window.ended");
    let most = browser.number("return window.most");
    assert!((50..FEW).contains(&most), "{most} rows at once");
    let last = "return [...document.querySelectorAll('#rows tr[data-id]')].pop().dataset.id";
    assert_eq!(browser.text(last), ids[9_999]);
    // Every row is where it belongs, and rows that were given up come again.
    for at in [9_000, 5_000, 2_345, 0] {
        browser.js(&format!("const body = document.getElementById('rows'); const top = body.getBoundingClientRect().top + scrollY; \
             const height = document.querySelector('#rows tr[data-id]').getBoundingClientRect().height; scrollTo(0, top + height * {at} - 200)"));
        let row = format!("document.querySelector('#rows tr[aria-rowindex=\"{}\"]')", at + 2);
        browser.until(&format!("{row}?.querySelector('.name a')"));
        assert_eq!(browser.text(&format!("return {row}.dataset.id")), ids[at]);
        let in_sight =
            format!("const box = {row}.getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight");
        assert_eq!(browser.js(&in_sight), true, "row {at} is in sight");
        assert!(browser.number(ROWS) < FEW);
    }
    browser.assert_clean(&format!("http://{}", studio.host()));
}

#[test]
fn search_completes_marks_what_is_wrong_and_filters() {
    let Some(browser) = Browser::start() else { return };
    let env = TestEnv::new();
    many::record(&env, 300);
    let studio = Studio::start(&env, &[]);
    open(&browser, &studio, "/");
    browser.keys("/exper");
    browser
        .until("[...document.querySelectorAll('#completions li')].some((item) => item.textContent === 'experiment:')");
    browser.keys(key::DOWN);
    browser.keys(key::ENTER);
    browser.until("document.getElementById('q').value === 'experiment:'");
    // A word that is no field is marked as soon as the next one begins.
    browser.keys("checkout-flow colour:red ");
    browser.until("document.querySelector('#problem pre')?.textContent.includes('^^^^^^')");
    assert_eq!(browser.text("return document.getElementById('q').getAttribute('aria-invalid')"), "true");
    browser.keys(&"\u{e003}".repeat("colour:red ".len()));
    browser.until("document.getElementById('problem').childElementCount === 0");
    browser.keys(key::ESCAPE);
    browser.keys(key::ENTER);
    browser.until("location.search.includes('q=experiment') && !document.getElementById('help').hidden");
    let wanted = env.agentv(["list", "-n", "0", "--format", "json", "experiment:checkout-flow"]).json();
    let wanted = wanted["runs"].as_array().unwrap().len() as i64;
    assert!(wanted > 10 && wanted < 300);
    assert_eq!(browser.number("return Number(document.getElementById('total').textContent)"), wanted);
    let others = "return [...document.querySelectorAll('#rows .name')].filter((cell) => cell.textContent !== 'checkout-flow').length";
    assert_eq!(browser.number(others), 0);
    // Sorted by what a head says, and the other way round.
    browser.click("th.score a");
    browser.until("document.querySelector('th.score[aria-sort]') && !document.getElementById('help').hidden");
    let scores = "const scores = [...document.querySelectorAll('#rows .score')].map((cell) => cell.textContent); \
        return scores.every((score, at) => at === 0 || direction * (score - scores[at - 1]) >= 0) && new Set(scores).size > 2";
    let direction = browser.text("return document.querySelector('th.score').getAttribute('aria-sort')");
    assert_eq!(direction, "descending");
    assert_eq!(browser.js(&format!("const direction = -1; {scores}")), true);
    browser.click("th.score a");
    browser.until("document.querySelector('th.score[aria-sort=ascending]') && !document.getElementById('help').hidden");
    assert_eq!(browser.js(&format!("const direction = 1; {scores}")), true);
    assert!(browser.url().contains("q=experiment"), "the query is kept: {}", browser.url());
    // In groups; a group leads to its runs.
    browser
        .js("const by = document.getElementById('group'); by.value = 'target'; by.dispatchEvent(new Event('change'))");
    browser.until("document.querySelector('table.groups')");
    assert_eq!(browser.number("return document.querySelectorAll('table.groups tbody tr').length"), 4);
    browser.click("table.groups tbody a");
    browser.until("document.querySelector('#rows tr')");
    assert_eq!(
        browser.number(
            "return new Set([...document.querySelectorAll('#rows .target')].map((cell) => cell.textContent)).size"
        ),
        1
    );
    browser.assert_clean(&format!("http://{}", studio.host()));
}

#[test]
fn a_run_that_is_recorded_meanwhile_appears_and_nothing_jumps() {
    let Some(browser) = Browser::start() else { return };
    let mut env = TestEnv::new();
    many::record(&env, 400);
    env.set("GIT_COMMITTER_DATE", format!("@{} +0000", jiff::Timestamp::now().as_second()));
    let studio = Studio::start(&env, &[]);
    open(&browser, &studio, "/");
    env.small_bundle(1);
    env.agentv(["record"]).ok();
    browser.until("document.querySelector('#rows tr[data-id] .name').textContent === 'small'");
    assert_eq!(browser.text("return document.getElementById('total').textContent"), "401");
    // Further down nothing moves; it is told that there is something new.
    browser.until("document.documentElement.scrollHeight > 3000");
    browser.js("scrollTo(0, 1500)");
    browser.until("scrollY > 1300 && document.querySelector('#rows tr[aria-rowindex=\"60\"]')");
    let run = "return document.elementFromPoint(200, 400).closest('tr').dataset.id";
    let top = "return document.elementFromPoint(200, 400).closest('tr').getBoundingClientRect().top";
    let (run_before, top_before) = (browser.text(run), browser.number(top));
    env.small_bundle(2);
    env.agentv(["record"]).ok();
    browser.until("!document.getElementById('news').hidden");
    assert_eq!(browser.text(run), run_before);
    assert!((browser.number(top) - top_before).abs() <= 2);
    browser.click("#news a");
    browser.until("scrollY === 0 && document.getElementById('total').textContent === '402'");
    browser.assert_clean(&format!("http://{}", studio.host()));
}

#[test]
fn without_script_the_list_is_read_searched_and_paged() {
    let Some(browser) = Browser::start() else { return };
    let env = TestEnv::new();
    many::record(&env, 120);
    let studio = Studio::start(&env, &[]);
    browser.script(false);
    browser.go(&format!("http://{}/", studio.host()));
    assert_eq!(browser.number(ROWS), 50);
    browser.click("#more a");
    browser.until("location.search.includes('cursor')");
    assert_eq!(browser.number(ROWS), 50);
    browser.click("#more a");
    browser.until("document.querySelectorAll('#rows tr[data-id]').length === 20");
    browser.click("#q");
    browser.keys(&format!("target:gpt-5{}", key::ENTER));
    browser.until("location.search.includes('target')");
    let others =
        "return [...document.querySelectorAll('#rows .target')].filter((cell) => cell.textContent !== 'gpt-5').length";
    assert_eq!(browser.number(others), 0);
    assert!(browser.number(ROWS) > 5);
    browser.assert_clean(&format!("http://{}", studio.host()));
}
