//! Everything that touches git: the repository, its objects, refs and
//! processes. The only module that names `gix` or starts `git`; it knows
//! nothing of runs.
//!
//! Objects are read and written in process through gix. Refs are moved by
//! `git update-ref`, because only git does it right on every ref backend
//! (gix 0.90 reports success and loses the write in reftable repositories); what is
//! one plain file, and nothing else, is moved without it (`ref_file`).

mod address;
mod amend;
mod bare;
mod between;
mod checkout;
mod commit;
mod config;
mod delegate;
mod error;
mod history;
mod hosting;
mod identity;
mod light;
mod log;
mod loose;
mod missing;
mod objects;
mod pack;
mod process;
mod promises;
mod published;
mod reader;
mod ref_file;
mod reflog;
mod refs;
mod remote;
mod remote_branch;
mod repo;
mod room;
mod sign;
mod stale;
mod trailer;
mod transfer;
mod tree;
mod version;
mod weburl;
mod worktree;

pub use address::{beside, host_of, is_name, repository_name};
pub use amend::RawCommit;
pub use bare::{Listed, init_bare, list_origin, set_origin};
pub use between::Apart;
pub use commit::{Commit, CommitInfo, all_trailers, cited, rewrite_commit, trailers};
pub use config::SettingsState;
pub use delegate::{Advertised, Heard, INSIDE, Peer};
pub use error::{Error, Result};
pub use history::SourceCommit;
pub use hosting::{HostCli, Visibility, create_command, host_cli};
pub use identity::{Identity, Signature};
pub use light::light_name;
pub use log::Log;
pub use objects::Kind;
pub use pack::{Keep, Mark, PackWriter, Reclaimed, SmallPack};
pub use process::{Git, find_program, is_executable};
pub use reader::{ObjectsDir, Reader};
pub use reflog::head_at;
pub use refs::{Moved, RefMove};
pub use remote::{Remote, without_credentials};
pub use remote_branch::{Pushed, RemoteBranch};
pub use repo::{ConfigScope, Repo};
pub use sign::Signer;
pub use trailer::{AddTrailers, COMMENT_CHARS, add_trailers, has_trailer, without_trailer};
pub use transfer::{Moved as BytesMoved, PushRef, RefPush};
pub use tree::{Entry, EntryKind, Tree};
pub use version::{MINIMUM, Version};
pub use weburl::commit_page;
pub use worktree::{Head, WorktreeState};

/// The id of a git object: 20 bytes in a SHA-1 repository, 32 in a SHA-256 one.
pub use gix::ObjectId as Oid;

/// Where new objects go: a pack in memory ([`SmallPack`]) or on disk ([`PackWriter`]).
pub trait ObjectSink {
    /// Stores an object and returns its id. Storing the same object again is
    /// cheap and harmless.
    fn put(&mut self, kind: Kind, data: &[u8]) -> Result<Oid>;

    /// Like [`ObjectSink::put`], for an object that is a small change of
    /// `base`, which this sink stored before. A sink may use that to store
    /// the difference only.
    fn put_similar(&mut self, kind: Kind, data: &[u8], _base: &Oid, _base_data: &[u8]) -> Result<Oid> {
        self.put(kind, data)
    }
}
