//! Progress on standard error, for what takes longer than a second.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::Ui;

/// Nothing is shown before.
const PATIENCE: Duration = Duration::from_secs(1);

/// A counter that appears when work drags on, on a terminal only.
pub(crate) struct Progress {
    what: &'static str,
    enabled: bool,
    start: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new(ui: &Ui, what: &'static str) -> Self {
        Self { what, enabled: ui.env.stderr_is_terminal && !ui.env.dumb_terminal, start: Instant::now(), bar: None }
    }

    /// `total` is 0 where nobody knows.
    pub(crate) fn set(&mut self, done: usize, total: usize) {
        if !self.enabled || (self.bar.is_none() && self.start.elapsed() < PATIENCE) {
            return;
        }
        let what = self.what;
        let bar = self.bar.get_or_insert_with(|| {
            let template = if total > 0 { "{msg} {pos}/{len} {wide_bar} {eta}" } else { "{msg} {pos} {spinner}" };
            let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr())
                .with_style(style)
                .with_message(what)
        });
        bar.set_position(done as u64);
    }

    /// Takes the counter away; it comes back with the next number.
    pub(crate) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
