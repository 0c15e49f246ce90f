//! Who may ask what. Every request comes through here before anything else is done.
//!
//! A page of another site can make a browser send requests to this machine. It cannot read the answers, unless its own
//! name is made to point here (DNS rebinding), and it cannot send a header of ours without asking first. So: the `Host`
//! of a request must be an address of this machine, its `Origin` must be ours, and a change needs the token. Where
//! others than this machine can ask (`--host`), everything needs the token: from the link it goes into a cookie.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::api::error::Problem;
use super::site::Site;

/// The header that a script sends the token in.
pub(super) const TOKEN: &str = "x-agentv-token";

/// What our own pages may do: nothing but what comes from here, and no script that stands in a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// What a foreign front end may do: style itself from its scripts, too.
const POLICY_OF_UI: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
                            connect-src 'self'; font-src 'self' data:; worker-src 'self' blob:; base-uri 'none'; \
                            form-action 'self'; frame-ancestors 'none'";

/// Lets a request through, or refuses it; puts the headers on the answer that every answer has.
pub(super) async fn guard(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let enters = entry(&site, &request);
    let mut response = match (check(&site, &request), enters) {
        (Ok(()), Some(entry)) => entry,
        (Ok(()), None) => next.run(request).await,
        (Err(problem), _) => problem.into_response(),
    };
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, if site.ui.is_some() { POLICY_OF_UI } else { POLICY }),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // With `no-referrer` a browser would hide our own origin from us.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

fn check(site: &Site, request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    let host = host(request)?;
    if !site.open && !is_this_machine(host, site.port) {
        return Err(Problem::forbidden("this server does not answer to that name")
            .hint("use the link that was printed; --host NAME listens on another address"));
    }
    let own = is_own_origin(headers, host);
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    // Who follows a link from elsewhere may see a page; what another site's page loads by itself is refused.
    let foreign = text(headers, "sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    let navigates = reads
        && text(headers, "sec-fetch-mode") == Some("navigate")
        && text(headers, "sec-fetch-dest") == Some("document");
    if own == Some(false) || (foreign && !navigates) {
        return Err(Problem::forbidden("requests of other sites are refused"));
    }
    if site.open && !has_token(site, headers) && link_token(site, request.uri()).is_none() {
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "forbidden", "this server wants the token of its link")
            .hint("open the link that was printed, or send the token in the header X-Agentv-Token"));
    }
    // No route takes any other method: it is told so.
    let changes = matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH | Method::DELETE);
    if !changes {
        return Ok(());
    }
    if site.read_only {
        let problem = Problem::new(StatusCode::FORBIDDEN, "read_only", "this server only reads");
        return Err(problem.hint("it was started with --read-only"));
    }
    // The cookie alone is sent by whatever is on this machine, so it counts only with an origin that is ours.
    if !(in_header(site, headers) || own == Some(true) && in_cookie(site, headers)) {
        return Err(Problem::forbidden("a change needs the token of this server")
            .hint("pages of this server send it in the header X-Agentv-Token"));
    }
    Ok(())
}

/// Whom the request is for.
fn host(request: &Request) -> Result<&str, Problem> {
    let mut given = request.headers().get_all(header::HOST).iter();
    let host =
        given.next().and_then(|host| host.to_str().ok()).ok_or_else(|| Problem::bad("a request needs a Host"))?;
    let other = request.uri().authority().is_some_and(|authority| authority.as_str() != host);
    if given.next().is_some() || other { Err(Problem::bad("a request has one Host")) } else { Ok(host) }
}

/// Whether a `Host` names this machine and our port.
fn is_this_machine(host: &str, port: u16) -> bool {
    let (name, given) = match host.rsplit_once(':') {
        Some((name, digits)) if !digits.contains(']') => (name, digits.parse().ok()),
        _ => (host, Some(80)),
    };
    given == Some(port) && ["localhost", "127.0.0.1", "[::1]"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// Whether the page that sends the request is ours; none if it does not say.
fn is_own_origin(headers: &HeaderMap, host: &str) -> Option<bool> {
    let origin = headers.get(header::ORIGIN)?.to_str().unwrap_or_default();
    // TLS may be in front of a server that is open.
    let given = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    Some(given.is_some_and(|given| given.eq_ignore_ascii_case(host)))
}

fn has_token(site: &Site, headers: &HeaderMap) -> bool {
    in_header(site, headers) || in_cookie(site, headers)
}

fn in_header(site: &Site, headers: &HeaderMap) -> bool {
    let bearer = text(headers, "authorization").and_then(|value| value.strip_prefix("Bearer "));
    [text(headers, TOKEN), bearer].into_iter().flatten().any(|token| is_same(token.trim(), &site.token))
}

fn in_cookie(site: &Site, headers: &HeaderMap) -> bool {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.any(|(name, value)| name == site.cookie() && is_same(value, &site.token))
}

/// The token in the address, as the printed link has it.
fn link_token<'u>(site: &Site, uri: &'u Uri) -> Option<&'u str> {
    let given = uri.query()?.split('&').find_map(|pair| pair.strip_prefix("token="))?;
    is_same(given, &site.token).then_some(given)
}

/// Takes the token out of the address, where it would stay in the history, and puts it into a cookie.
fn entry(site: &Site, request: &Request) -> Option<Response> {
    if *request.method() != Method::GET {
        return None;
    }
    link_token(site, request.uri())?;
    let query = request.uri().query().unwrap_or_default().split('&').filter(|pair| !pair.starts_with("token="));
    let query = query.collect::<Vec<_>>().join("&");
    // Two slashes at the beginning would name another host.
    let path = format!("/{}", request.uri().path().trim_start_matches('/'));
    let target = if query.is_empty() { path } else { format!("{path}?{query}") };
    let location = HeaderValue::from_str(&target).ok()?;
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    set_cookie(site, &mut response);
    Some(response)
}

/// Gives a browser the token.
pub(super) fn set_cookie(site: &Site, response: &mut Response) {
    let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Strict", site.cookie(), site.token);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// Compares without telling by the time it takes how much of it is right.
fn is_same(given: &str, token: &str) -> bool {
    given.len() == token.len() && given.bytes().zip(token.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::is_this_machine;

    #[test]
    fn only_addresses_of_this_machine_are_its_names() {
        for host in ["127.0.0.1:7117", "localhost:7117", "LocalHost:7117", "[::1]:7117"] {
            assert!(is_this_machine(host, 7117), "{host}");
        }
        for host in [
            "evil.example:7117",
            "127.0.0.1",
            "127.0.0.1:80",
            "localhost.evil.example:7117",
            "127.0.0.1:7117:7117",
            "[::1]",
            "[::1]:80",
            "::1:7117",
            "127.0.0.1:07117x",
            "",
            ":7117",
            "0.0.0.0:7117",
            "127.1:7117",
            "localhost.:7117",
        ] {
            assert!(!is_this_machine(host, 7117), "{host}");
        }
        assert!(is_this_machine("localhost", 80) && is_this_machine("[::1]", 80));
    }
}
