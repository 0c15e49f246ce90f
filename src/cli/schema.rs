//! `git agentv schema`

use std::process::ExitCode;

use schemars::{Schema as JsonSchema, schema_for};

use crate::run::{CaseRow, Manifest, Overlay, Row};

use super::args::{Schema, SchemaOf};
use super::compact::CompactReport;
use super::context::Context;
use super::failure::Failure;
use super::fsck::FsckReport;
use super::hooks::HooksReport;
use super::list::ListDocument;
use super::promote::PromoteReport;
use super::prune::PruneReport;
use super::records::print_json;
use super::remote::RemoteReport;
use super::show::ShownRun;
use super::status::StatusReport;
use super::sync::SyncReport;

pub(super) fn run(context: &mut Context, args: &Schema) -> Result<ExitCode, Failure> {
    let mut out = context.ui.out(None);
    print_json(&mut out, &schema(args.what))?;
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn schema(of: SchemaOf) -> JsonSchema {
    match of {
        SchemaOf::Row => schema_for!(Row),
        SchemaOf::Manifest => schema_for!(Manifest),
        SchemaOf::Overlay => schema_for!(Overlay),
        SchemaOf::Case => schema_for!(CaseRow),
        SchemaOf::List => schema_for!(ListDocument<'_>),
        SchemaOf::Show => schema_for!(ShownRun<'_>),
        SchemaOf::Status => schema_for!(StatusReport),
        SchemaOf::Fsck => schema_for!(FsckReport),
        SchemaOf::Sync => schema_for!(SyncReport),
        SchemaOf::Remote => schema_for!(RemoteReport),
        SchemaOf::Prune => schema_for!(PruneReport),
        SchemaOf::Compact => schema_for!(CompactReport),
        SchemaOf::Promote => schema_for!(PromoteReport),
        SchemaOf::Hooks => schema_for!(HooksReport),
    }
}
