//! The remote behind a helper: where its run history is, and how objects get from there to here.

use std::path::PathBuf;

use crate::git::{ConfigScope, Oid, Peer, Repo, without_credentials};
use crate::store::RUNS_REF;

use super::address;
use super::command::Want;
use super::error::{Error, Result};
use super::options::{BRANCH, Options};
use super::place::{self, Place};
use super::session::{Pushed, Side};

/// The remote, and the repository that git works on.
pub(super) struct Host<'h> {
    pub(super) address: String,
    /// The remote's name, or its address again.
    pub(super) name: String,
    /// Where git started us; the environment says which repository it is.
    pub(super) dir: PathBuf,
    /// The value of `GIT_CONFIG_PARAMETERS`.
    pub(super) parameters: Option<String>,
    /// Takes what is said to the user.
    pub(super) heard: &'h mut dyn FnMut(&[u8]),
    pub(super) place: Option<Place>,
}

impl Host<'_> {
    /// Opened when it is needed: during a clone it only gets its object format after the list of refs.
    pub(super) fn repo(&self) -> Result<Repo> {
        Ok(Repo::discover(&self.dir, ConfigScope::Full, self.parameters.as_deref())?)
    }

    /// How git gets there. By the name of the remote if that has our address: then its settings hold.
    pub(super) fn peer(&self) -> Peer {
        let named = self.repo().ok().filter(|repo| {
            let url = repo.written_url(&self.name);
            let is_ours = url.as_deref().and_then(|url| url.strip_prefix("agentv::")) == Some(&self.address);
            // Asked by its name, git would start us again.
            is_ours && repo.setting(&format!("remote.{}.vcs", self.name)).is_none()
        });
        Peer { address: self.address.clone(), remote: named.map(|_| self.name.clone()) }
    }

    /// Looks where the runs are.
    pub(super) fn look(&mut self) -> Result<Place> {
        let peer = Peer { address: self.address.clone(), remote: None };
        let known = self.place.as_ref().map(|place| place.name.as_str());
        let place = place::find(&peer, self.repo().ok().as_ref(), known, self.heard)?;
        self.place = Some(place.clone());
        Ok(place)
    }

    /// Says something to the user, unless nothing is to be said.
    pub(super) fn say(&mut self, options: &Options, text: &str) {
        if !options.quiet() {
            (self.heard)(format!("agentv: {text}\n").as_bytes());
        }
    }
}

impl Side for Host<'_> {
    fn tip(&mut self, options: &Options) -> Result<Option<Oid>> {
        let tip = self.look()?.tip;
        if tip.is_none() {
            if self.repo().is_ok_and(|repo| address::is_of(&self.address, &repo)) {
                // A clone whose directory got the very name of a repository that is not there.
                return Err(Error::Itself(self.address.clone()));
            }
            self.say(options, "there are no runs yet");
        }
        Ok(tip)
    }

    fn filters(&self) -> bool {
        self.peer().remote.is_some()
    }

    fn fetch(&mut self, options: &Options, wants: &[Want]) -> Result<()> {
        let (repo, peer) = (self.repo()?, self.peer());
        let runs = self.place.as_ref().map_or(RUNS_REF, |place| place.name.as_str()).to_owned();
        let args = options.for_fetch(&runs);
        let ids: Vec<String> = wants.iter().map(|want| want.id.clone()).collect();
        let done = repo.fetch_objects(&peer, (&args, &ids), options.on_demand, self.heard);
        let by_name = wants.iter().all(|want| want.name == BRANCH || want.name == "HEAD");
        match done {
            // Old servers only give what a ref names, and the ref may have moved since it was listed.
            Err(_) if by_name && !options.on_demand => {
                repo.fetch_objects(&peer, (&args, &[runs]), false, self.heard)?;
                let gone = |want: &Want| repo.parse_oid(&want.id).is_none_or(|id| !repo.has(&id));
                if wants.iter().any(gone) {
                    return Err(Error::Rewritten(without_credentials(&self.address)));
                }
                Ok(())
            }
            done => Ok(done?),
        }
    }

    fn push(&mut self, options: &Options, from: &str, force: bool) -> Result<Pushed> {
        super::push::push(self, options, from, force)
    }
}
