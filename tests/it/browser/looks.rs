//! How pages look: dark and light, on a phone. With `AGENTV_SCREENSHOTS` pictures are kept in that directory:
//! `AGENTV_SCREENSHOTS=docs/screenshots cargo test --test it browser::looks`.

use std::path::{Path, PathBuf};

use super::driver::Browser;
use super::many;
use crate::env::TestEnv;
use crate::studio::client::Studio;

/// Bytes that a picture may have.
const SMALL: u64 = 150_000;

/// Where pictures go.
fn pictures(env: &TestEnv) -> PathBuf {
    std::env::var_os("AGENTV_SCREENSHOTS")
        .map_or_else(|| env.root(), |dir| Path::new(env!("CARGO_MANIFEST_DIR")).join(dir))
}

/// How light the colour of a property is, from 0 to 255.
fn light(browser: &Browser, selector: &str, property: &str) -> i64 {
    browser.number(&format!(
        "const [r, g, b] = getComputedStyle(document.querySelector('{selector}'))['{property}'].match(/[0-9.]+/g).map(Number); \
         return Math.round(0.2126 * r + 0.7152 * g + 0.0722 * b)"
    ))
}

#[test]
fn dark_light_and_on_a_phone() {
    let Some(browser) = Browser::start() else { return };
    let env = TestEnv::new();
    many::record(&env, 240);
    let ids: Vec<String> = env.runs().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect();
    env.agentv(["tag", &ids[3], "+baseline"]).ok();
    env.agentv(["tag", &ids[11], "+release"]).ok();
    let studio = Studio::start(&env, &[]);
    let pictures = pictures(&env);
    let shot = |name: &str| {
        let file = pictures.join(name);
        browser.shot(&file);
        let size = file.metadata().unwrap().len();
        assert!((5_000..SMALL).contains(&size), "{name} has {size} bytes");
    };
    let open = |path: &str| {
        browser.go(&format!("http://{}{path}", studio.host()));
        browser.until("!document.getElementById('help').hidden && document.querySelector('#rows tr time').title");
    };
    browser.size(1180, 560);
    open("/");
    assert!(light(&browser, "body", "backgroundColor") > 240 && light(&browser, "body", "color") < 60);
    shot("runs.png");
    browser.scheme("dark");
    assert!(light(&browser, "body", "backgroundColor") < 40 && light(&browser, "body", "color") > 200);
    shot("runs-dark.png");
    browser.scheme("light");
    // Wide enough or not, nothing stands out at the side.
    let over = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    for width in [360, 390, 640, 800, 1024, 1920] {
        browser.size(width, 800);
        open("/");
        assert_eq!(browser.number(over), 0, "at a width of {width}");
    }
    browser.size(390, 844);
    open("/");
    let sees = |selector: &str| {
        browser.js(&format!("const box = document.querySelector('{selector}').getBoundingClientRect(); return box.width > 0 && box.left >= 0 && box.right <= innerWidth"))
    };
    for cell in [".name", ".when", ".passed", ".target", ".score", ".pick input"] {
        assert_eq!(sees(&format!("#rows tr[data-id] {cell}")), true, "{cell} is in sight");
    }
    // It scrolls without end there, too.
    browser.js("window.step = () => { scrollBy(0, 3000); if (!document.querySelector('#rows tr[aria-rowindex=\"241\"]')) requestAnimationFrame(step); }; step()");
    browser.until("document.querySelector('#rows tr[aria-rowindex=\"241\"]')");
    assert_eq!(browser.text("return [...document.querySelectorAll('#rows tr[data-id]')].pop().dataset.id"), ids[239]);
    open("/");
    shot("phone.png");
    browser.assert_clean(&format!("http://{}", studio.host()));
}
