//! A run, its cases and files, two runs side by side, trends.

use super::driver::{Browser, key};
use crate::env::TestEnv;
use crate::studio::client::Studio;

#[test]
fn from_the_list_to_a_case_its_files_and_another_run() {
    let Some(browser) = Browser::start() else { return };
    let env = TestEnv::new();
    for bundle in ["agentv-4.42.4", "agentv-5.3.1"] {
        env.bundle(bundle, &format!(".agentv/results/{bundle}"));
    }
    env.agentv(["record"]).ok();
    let ids: Vec<String> = env.runs().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect();
    let studio = Studio::start(&env, &[]);
    let origin = format!("http://{}", studio.host());
    let mut pages = vec![format!("{origin}/trends"), format!("{origin}/sync")];
    browser.go(&origin);
    browser.until("!document.getElementById('help').hidden");
    browser.keys(&format!("j{}", key::ENTER));
    browser.until(&format!("location.pathname === '/runs/{}' && document.querySelector('td.case a')", ids[0]));
    pages.push(browser.url());
    // What needs a look comes first.
    assert_eq!(
        browser.text("return [...document.querySelectorAll('td.case')].map((cell) => cell.innerText.trim()).join()"),
        "wrong,crash,france"
    );
    browser.click("td.case a");
    browser.until("document.getElementById('h-graders') && document.querySelector('h1').innerText.includes('wrong')");
    assert!(
        browser.text("return document.querySelector('main').innerText").contains("Output does not contain \"Paris\"")
    );
    pages.push(browser.url());
    let folded = browser.number("return document.querySelectorAll('details.call').length");
    if folded > 0 {
        assert_eq!(browser.js("return document.querySelector('details.call').open"), false);
        browser.click("details.call summary");
        assert_eq!(browser.js("return document.querySelector('details.call').open"), true);
    }
    browser.js("[...document.querySelectorAll('.files a')].find((link) => link.title.endsWith('answer.md')).click()");
    browser.until("document.querySelector('h1.path')?.innerText.includes('answer.md')");
    assert!(browser.text("return document.querySelector('main').innerText").contains("nope"));
    pages.push(browser.url());
    browser.go(&format!("{origin}/compare?base={}&run={}", ids[1], ids[0]));
    browser.until("document.querySelector('h1').innerText.includes('No case changed')");
    pages.push(browser.url());
    browser.assert_clean(&origin);
    // On a phone nothing stands out at the side, dark or light.
    browser.size(390, 844);
    for page in pages {
        browser.go(&page);
        browser.until("document.readyState === 'complete'");
        let over = browser.number("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assert_eq!(over, 0, "{page}");
    }
    browser.assert_clean(&origin);
}
