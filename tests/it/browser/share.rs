//! The page of what is shared, with a remote on this machine.

use super::driver::Browser;
use super::many;
use crate::env::TestEnv;
use crate::studio::client::Studio;

#[test]
fn the_first_push_asks_and_later_ones_do_not() {
    let Some(browser) = Browser::start() else { return };
    let env = TestEnv::new();
    many::record(&env, 5);
    env.git(["init", "-q", "--bare", "../remote.git"]).ok();
    env.git(["remote", "add", "origin", "../remote.git"]).ok();
    let studio = Studio::start(&env, &[]);
    let page = format!("http://{}/sync", studio.host());
    let remote = env.root().join("remote.git");
    let there = || env.git_in(&remote, ["for-each-ref", "refs/agentv/"]).ok();
    browser.go(&page);
    browser.click("#sync");
    browser.until("document.getElementById('agree').open");
    assert!(browser.text("return document.getElementById('plan').textContent").contains("5 runs"));
    // Who says no has pushed nothing.
    browser.click("#agree button[value=no]");
    browser.until("document.getElementById('done').textContent.includes('Nothing was pushed')");
    assert_eq!(there(), "");
    browser.click("#sync");
    browser.until("document.getElementById('agree').open");
    browser.click("#agree button[value=yes]");
    browser.until("document.getElementById('done').textContent.includes('Sent 5 runs')");
    assert!(there().contains("refs/agentv/runs/v1"));
    // The answer that asks is a refusal, of which browsers tell in the console.
    let errors = browser.errors();
    assert!(errors.iter().all(|error| error.contains("409 (Conflict)")), "{errors:#?}");
    // What another clone pushed comes with the next sync, which asks nothing.
    env.git_in(env.root(), ["clone", "-q", "remote.git", "other"]).ok();
    let other = env.root().join("other");
    env.agentv_in(&other, ["pull"]).ok();
    crate::env::write_small_bundle(&other.join(".agentv/results/theirs"), "theirs", "2026-07-04T10:00:00.000Z");
    env.agentv_in(&other, ["record"]).ok();
    env.agentv_in(&other, ["push", "--yes"]).ok();
    browser.click("#sync");
    browser.until("document.getElementById('done').textContent.includes('Received 1 run')");
    assert_eq!(env.runs().len(), 6);
    browser.assert_clean(&format!("http://{}", studio.host()));
}
