//! `git-remote-agentv`, which git starts for `agentv::` addresses

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use crate::sync::helper::{self, Error, Start};

use super::args::{ColorWhen, Global};
use super::env::Env;
use super::failure::Failure;
use super::output::Ui;

pub(super) fn main(env: Env, args: &[OsString]) -> ExitCode {
    let global = Global { change_dir: None, color: ColorWhen::Auto, no_pager: true };
    let (depth, parameters) = (env.helper_depth, env.git_config_parameters.clone());
    let ui = Ui::new(env, &global);
    match serve(args, depth, parameters) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(&ui),
    }
}

fn serve(args: &[OsString], depth: u32, parameters: Option<String>) -> Result<(), Failure> {
    // git hands over the remote and its address; by hand, and for a remote without an address, there is less.
    let [_, name, address] = args else { return Err(Error::Usage.into()) };
    let text = |arg: &OsString| {
        arg.clone().into_string().map_err(|_| Failure::new("an address that is not UTF-8 cannot be used"))
    };
    let start = Start { name: text(name)?, address: text(address)?, dir: super::working_dir(None)?, parameters, depth };
    // What git says goes to the user as it is, progress with it.
    let mut heard = |bytes: &[u8]| drop(std::io::stderr().write_all(bytes));
    Ok(helper::serve(start, &mut std::io::stdin().lock(), &mut std::io::stdout().lock(), &mut heard)?)
}
