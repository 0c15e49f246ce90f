//! Pages: HTML that is complete without script. One file per page: a struct for its template, and its handler.
//!
//! Every template extends `layout.html` and gets a [`Frame`]. What comes from a run is text: askama escapes it, and
//! nothing turns that off. A page's own ES module is named in its template; it asks the API for what it needs.

pub(super) mod case;
mod chart;
pub(super) mod compare;
pub(super) mod error;
pub(super) mod file;
mod listing;
mod markdown;
mod markup;
mod of_run;
pub(super) mod rows;
pub(super) mod run;
pub(super) mod runs;
pub(super) mod search;
mod series;
mod show;
pub(super) mod sync;
mod text;
mod transcript;
pub(super) mod trends;

use super::asked::Asked;

/// What the layout of every page needs.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// The project, as people name it.
    pub(super) project: String,
    /// Where the pages of the project begin: `` or `/p/<id>`.
    pub(super) base: String,
    /// Where its API is.
    pub(super) api: String,
    /// What changes need; empty where they are refused.
    pub(super) token: String,
    /// All projects, if there are several: name, address, whether it is this one.
    pub(super) projects: Vec<(String, String, bool)>,
}

impl Frame {
    pub(super) fn of(asked: &Asked) -> Self {
        let (site, project) = (&asked.site, &asked.project);
        let is_first = site.projects.first().is_some_and(|first| first.id == project.id);
        let (base, api) = if is_first {
            (String::new(), "/api".to_owned())
        } else {
            (format!("/p/{}", project.id), format!("/api/projects/{}", project.id))
        };
        let several = site.projects.iter().filter(|_| site.projects.len() > 1);
        let projects = several.enumerate().map(|(at, other)| {
            let address = if at == 0 { "/".to_owned() } else { format!("/p/{}/", other.id) };
            (other.title.clone(), address, other.id == project.id)
        });
        let token = if site.read_only { String::new() } else { site.token.clone() };
        Self { project: project.title.clone(), base, api, token, projects: projects.collect() }
    }

    /// The address of an asset.
    #[expect(clippy::unused_self, reason = "a template asks what it is given")]
    pub(super) fn asset(&self, name: &str) -> String {
        super::assets::address(name)
    }
}
