//! The list of runs with the keyboard alone: going, selecting, comparing, tagging; the address says it all.

use super::driver::{Browser, key};
use super::many;
use crate::env::TestEnv;
use crate::studio::client::Studio;

fn current(browser: &Browser) -> String {
    browser.text("return document.querySelector('#rows tr.current').dataset.id")
}

#[test]
fn runs_are_selected_compared_tagged_and_opened_by_keys() {
    let Some(browser) = Browser::start() else { return };
    let env = TestEnv::new();
    many::record(&env, 150);
    let ids: Vec<String> = env.runs().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect();
    let studio = Studio::start(&env, &[]);
    let list = format!("http://{}/", studio.host());
    browser.go(&list);
    browser.until("!document.getElementById('help').hidden");
    browser.keys("jjj");
    assert_eq!(current(&browser), ids[2]);
    browser.keys("k");
    assert_eq!(current(&browser), ids[1]);
    browser.keys("xjx");
    assert_eq!(browser.text("return document.getElementById('count').textContent"), "2 runs selected");
    assert_eq!(
        browser.number("return document.querySelectorAll('#rows tr[aria-selected=true] input:checked').length"),
        2
    );
    // The address brings all of it back.
    let address = browser.url();
    assert!(address.contains(&ids[1]) && address.contains(&ids[2]), "{address}");
    browser.go("about:blank");
    browser.go(&address);
    browser.until("document.querySelector('#rows tr.current')");
    assert_eq!(current(&browser), ids[2]);
    assert_eq!(browser.number("return document.querySelectorAll('#rows input:checked').length"), 2);
    // Two runs get a tag, and one loses it again.
    browser.keys("t");
    browser.keys(&format!("+baseline{}", key::ENTER));
    browser.until("document.getElementById('said').textContent === '2 changed'");
    let tagged = "return [...document.querySelectorAll('#rows tr[data-id]')].filter((row) => row.querySelector('.tags').textContent.includes('baseline')).map((row) => row.dataset.id).join()";
    assert_eq!(browser.text(tagged), format!("{},{}", ids[1], ids[2]));
    assert!(env.agentv(["list", "tag:baseline"]).ok().lines().count() >= 2);
    browser.keys(key::ESCAPE);
    // Help, and out of it.
    browser.js("document.activeElement.blur()");
    browser.keys("?");
    browser.until("document.getElementById('keys').open");
    browser.keys(key::ESCAPE);
    browser.until("!document.getElementById('keys').open");
    // A key that comes before the browser has taken the focus out of the help is for the list: here it selects no run.
    browser.js(
        "const help = document.getElementById('keys'); help.showModal(); const inside = document.activeElement; help.close(); \
         const key = (on, key) => on.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true})); \
         if (!help.contains(inside)) throw new Error('nothing in the help has the focus'); key(inside, 'x');",
    );
    assert_eq!(browser.text("return document.getElementById('count').textContent"), "1 run selected");
    browser.keys("x");
    assert_eq!(browser.text("return document.getElementById('count').textContent"), "2 runs selected");
    // The older of two runs is what the other is compared with.
    browser.keys("c");
    browser.until("location.pathname === '/compare'");
    assert!(browser.url().ends_with(&format!("/compare?base={}&run={}", ids[2], ids[1])), "{}", browser.url());
    browser.go(&list);
    browser.until("!document.getElementById('help').hidden");
    // To the last run, whose pieces come on the way, and back.
    browser.keys("G");
    browser.until("document.querySelector('#rows tr.current')?.getAttribute('aria-rowindex') === '151'");
    assert_eq!(current(&browser), ids[149]);
    browser.keys("gx");
    browser.keys(key::ESCAPE);
    assert_eq!(browser.js("return document.getElementById('picked').hidden"), true);
    browser.keys(key::ENTER);
    browser.until(&format!("location.pathname === '/runs/{}'", ids[0]));
}
