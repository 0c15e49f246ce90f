//! The pages, as a reader without script gets them.

use super::client::Studio;
use crate::env::TestEnv;

#[test]
fn the_list_is_complete_without_script() {
    let env = TestEnv::new();
    for n in 0..60 {
        env.small_bundle(n);
    }
    env.agentv(["record"]).ok();
    let studio = Studio::start(&env, &[]);
    let page = studio.get("/");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let text = page.text();
    assert_eq!(text.matches("<tr data-id=").count(), 50);
    assert!(text.contains(" aria-current=\"page\"") && text.contains("<title>Runs · repo</title>"), "{text}");
    let next = text.split("id=\"more\"><a href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    assert_eq!(studio.get(&next).text().matches("<tr data-id=").count(), 10);
    // Nothing comes from elsewhere, and no script stands in the page.
    assert!(
        !text.contains("//cdn")
            && !text.contains("https://")
            && !text.contains(" style=")
            && !text.contains(" onclick=")
    );
    for address in text.split(['"']).filter(|word| word.starts_with("/-/")) {
        let asset = studio.get(address);
        assert_eq!(asset.status, 200, "{address}");
        assert!(asset.header("cache-control").unwrap().contains("immutable"));
        let bare = address.split('?').next().unwrap();
        assert_eq!(studio.get(bare).header("cache-control"), Some("no-cache"));
    }
}

#[test]
fn a_query_that_makes_no_sense_is_marked_in_the_page() {
    let env = TestEnv::new();
    let studio = Studio::start(&env, &[]);
    let text = studio.get("/?q=a%20colour%3Ared").text();
    assert!(
        text.contains("value=\"a colour:red\"") && text.contains("role=\"alert\"") && text.contains("  ^^^^^^"),
        "{text}"
    );
    let text = studio.get("/nowhere").text();
    assert!(text.contains("there is nothing at this address"), "{text}");
}
