//! `git agentv list` with a query, an order, a cursor, `--count` or `--group-by`: what the log alone can't answer.

use std::io::Write;
use std::process::ExitCode;

use jiff::{Timestamp, Zoned};

use crate::git::Repo;
use crate::index::projection::{self, Projection};
use crate::index::query::{self, GROUP_FIELDS, GroupField, Query, Sort};
use crate::index::{Ask, Filter, Group, Order, ResolveError, StoreSet};
use crate::store::Listed;

use super::args::{Format, List};
use super::context::{Context, store};
use super::failure::Failure;
use super::human::{ago, plural};
use super::list::{Shown, print_rows, rate_style, table};
use super::output::{DIM, Out, YELLOW, sanitize};
use super::places::{Places, Wanted};
use super::progress::Progress;
use super::records;
use super::table::{Cell, Column, print};

/// Columns of separated values of groups.
const FIELDS: [&str; 7] = ["key", "runs", "mean_pass_rate", "best_pass_rate", "errors", "last", "last_recorded"];

impl From<projection::Error> for Failure {
    fn from(err: projection::Error) -> Self {
        match err {
            projection::Error::Store(err) => err.into(),
            other => Self::new(other.to_string()),
        }
    }
}

pub(super) fn run(context: &mut Context, args: &List) -> Result<ExitCode, Failure> {
    let text = args.query.join(" ");
    let query = Query::parse(&text, &Zoned::now()).map_err(|err| explain(&err, &text))?;
    let order = args.sort.as_deref().map(order).transpose()?;
    let group = args.group_by.as_deref().map(group_field).transpose()?;
    let (wanted, needs) = (Wanted::of(args), query.needs());
    // Which runs are mine, and of which remote, is said in the user's settings.
    let here = needs.is_empty() && matches!(wanted, Wanted::Usual);
    let repo = if here { context.repo_to_read()? } else { context.repo()? };
    let own = wanted.is_own(context, &repo)? && !needs.places;
    let places = if own { None } else { Some(Places::of(context, &repo)) };
    let sets = match &places {
        None => vec![StoreSet::own(store(&repo))],
        Some(places) => places.sets(context, wanted, needs.places)?,
    };
    let (projection, filter) = open(context, &repo, &sets, &query, &text, args.deleted)?;
    let mut out = context.ui.out(Some(&repo));
    if args.count {
        writeln!(out, "{}", projection.count(&filter)?)?;
        out.finish()?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(field) = group {
        let mut groups = projection.groups(&filter, field.join, field.expr)?;
        let more = args.limit > 0 && groups.len() > args.limit;
        if more {
            groups.truncate(args.limit);
        }
        match args.format {
            Format::Table => {
                group_table(&mut out, &groups, context.ui.width())?;
                if more && context.ui.is_terminal() {
                    writeln!(out, "{}", out.paint(DIM, &format!("the first {}; -n 0 shows all", args.limit)))?;
                }
            }
            format => records::print(&mut out, format, "groups", &FIELDS, &groups)?,
        }
        out.finish()?;
        return Ok(ExitCode::SUCCESS);
    }
    let limit = (args.limit > 0).then_some(args.limit);
    let ask = Ask {
        filter,
        words: words(&text, wanted),
        order: order.into_iter().collect(),
        limit,
        cursor: args.cursor.clone(),
    };
    let mut page = projection.page(&ask)?.map_err(|bad| {
        Failure::usage(format!("--cursor: {bad}"))
            .hint("take 'next' of the page before, with the same query, --sort and --deleted")
    })?;
    let listed =
        page.runs.into_iter().map(|(row, recorded)| Listed { row, recorded, is_record: true, author: String::new() });
    let runs: Vec<Listed> = listed.collect();
    let asked: Vec<_> = sets.iter().filter(|set| set.asked).collect();
    let mut places = std::mem::take(&mut page.places);
    if let [one] = asked.as_slice() {
        places = vec![vec![one.name.clone()]; runs.len()];
    }
    let shown = Shown { places: Some(places).filter(|_| !matches!(wanted, Wanted::Usual)), runs };
    let runs = &shown.runs;
    if args.format == Format::Table {
        table(&mut out, &shown, context.ui.width())?;
        if page.next.is_some() && context.ui.is_terminal() {
            writeln!(out, "{}", out.paint(DIM, &format!("the first {}; -n 0 shows all", args.limit)))?;
        }
    } else {
        print_rows(&mut out, args.format, &shown, page.next.as_deref())?;
    }
    out.finish()?;
    if runs.is_empty() && args.format == Format::Table {
        context.ui.tell("no run matches");
    }
    Ok(ExitCode::SUCCESS)
}

/// The projection, and what the query asks of it.
pub(super) fn open(
    context: &Context,
    repo: &Repo,
    sets: &[StoreSet<'_>],
    query: &Query,
    text: &str,
    deleted: bool,
) -> Result<(Projection, Filter), Failure> {
    let mut progress = Progress::new(&context.ui, "reading runs");
    let mut projection = Projection::open_sets(repo, sets, &mut |done| progress.set(done, 0))?;
    drop(progress);
    let mut progress = Progress::new(&context.ui, "reading cases");
    let filter = projection.filter_sets(repo, sets, query, deleted, &mut |done, all| progress.set(done, all));
    drop(progress);
    match filter {
        Ok(filter) => {
            if filter.unread > 0 {
                let runs = plural(filter.unread, "run");
                context.ui.warning(&format!(
                    "the cases of {runs} can't be read, and the answer may lack them; 'git agentv fsck' tells more"
                ));
            }
            Ok((projection, filter))
        }
        Err(ResolveError::Query(err)) => Err(explain(&err, text)),
        Err(ResolveError::Projection(err)) => Err(err.into()),
    }
}

/// The query, what is wrong in it, and where.
pub(super) fn explain(err: &query::Error, text: &str) -> Failure {
    let failure = Failure { detail: Some(err.render(text)), ..Failure::usage(err.to_string()) };
    failure.hint(err.hint.as_deref().unwrap_or("docs/query.md tells what can be asked"))
}

fn order(text: &str) -> Result<Order, Failure> {
    let sort = Sort::parse(text).map_err(|err| {
        let failure = Failure::usage(format!("--sort: {err}"));
        match &err.hint {
            Some(hint) => failure.hint(hint.as_str()),
            None => failure,
        }
    })?;
    Ok(Order { sql: sort.field.expr, descending: sort.descending })
}

fn group_field(name: &str) -> Result<&'static GroupField, Failure> {
    GROUP_FIELDS.iter().find(|field| field.name == name).ok_or_else(|| {
        let names: Vec<_> = GROUP_FIELDS.iter().map(|field| field.name).collect();
        Failure::usage(format!("--group-by: there are no groups by '{}'", name.escape_debug()))
            .hint(format!("by one of {}", names.join(", ")))
    })
}

/// What the page after `last` is asked for with, in a list of all runs.
pub(super) fn cursor(args: &List, last: &Listed) -> String {
    let words = words("", Wanted::of(args));
    Ask { filter: Filter::all(args.deleted), words, ..Ask::default() }.cursor_after(&last.row, last.recorded)
}

/// What was asked: a cursor of one place is none of another.
fn words(text: &str, wanted: Wanted<'_>) -> String {
    match wanted.word() {
        place if place.is_empty() => text.trim().to_owned(),
        place => format!("{}\n{place}", text.trim()),
    }
}

fn group_table(out: &mut Out, groups: &[Group], width: Option<usize>) -> std::io::Result<()> {
    if groups.is_empty() {
        return Ok(());
    }
    let columns = [
        Column::left("GROUP").shrinks(16),
        Column::right("RUNS"),
        Column::right("MEAN"),
        Column::right("BEST"),
        Column::right("ERR"),
        Column::left("LAST RUN"),
        Column::left("WHEN"),
    ];
    let now = Timestamp::now();
    let rate = |rate: Option<f64>| {
        rate.map_or_else(Cell::default, |rate| Cell::styled(format!("{:.1}%", rate * 100.0), rate_style(rate)))
    };
    let cells = |group: &Group| {
        let when = Timestamp::from_second(group.last_recorded).map(|then| ago(then, now)).unwrap_or_default();
        vec![
            group.key.as_deref().map_or_else(|| Cell::styled("-", DIM), |key| Cell::new(sanitize(key))),
            Cell::new(group.runs.to_string()),
            rate(group.mean_pass_rate),
            rate(group.best_pass_rate),
            if group.errors > 0 { Cell::styled(group.errors.to_string(), YELLOW) } else { Cell::default() },
            Cell::styled(&group.last[..8.min(group.last.len())], YELLOW),
            Cell::styled(when, DIM),
        ]
    };
    print(out, &columns, &groups.iter().map(cells).collect::<Vec<_>>(), width)
}
