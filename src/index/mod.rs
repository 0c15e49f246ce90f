//! Answering questions about many runs: the projection (a SQLite file that can be thrown away at any
//! time) and the query language.

mod count;
mod cursor;
mod find;
mod page;
pub mod projection;
pub mod query;
mod resolve;
mod totals;
mod trend;

pub use count::Counts;
pub use cursor::BadCursor;
pub use find::FoundRun;
pub use page::{Ask, Filter, Group, Order, Page};
pub use projection::StoreSet;
pub use resolve::ResolveError;
pub use totals::{Totals, TotalsBy};
pub use trend::{CasePoint, TrendPoint};
