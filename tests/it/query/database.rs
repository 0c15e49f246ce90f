//! A database of six runs.

use std::collections::{BTreeMap, HashMap};

use git_agentv::index::query::{Param, Query, Resolved, Unpushed, Wanted};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// Runs a to f. `f` is deleted and knows as little as a run can; `d` has the other numbers unknown.
const ROWS: &str = "
    CREATE TABLE runs(seq INTEGER PRIMARY KEY, store INTEGER NOT NULL, id TEXT, run_id TEXT, timestamp INTEGER,
        recorded INTEGER, author TEXT, experiment TEXT, target TEXT, test_count INTEGER, passed INTEGER, errors INTEGER,
        pass_rate REAL, avg_score REAL, duration_ms INTEGER, cost_usd REAL, tokens INTEGER, sha TEXT, tree TEXT,
        format TEXT, status TEXT, source_tree TEXT, patch_id TEXT, line TEXT);
    CREATE TABLE targets(target TEXT COLLATE NOCASE, seq INTEGER);
    CREATE TABLE tags(seq INTEGER, tag TEXT);
    CREATE TABLE links(seq INTEGER, commit_id TEXT);
    CREATE TABLE notes(seq INTEGER PRIMARY KEY, note TEXT);
    CREATE TABLE cases(seq INTEGER, key TEXT, suite TEXT, status TEXT, score REAL, duration_ms REAL, cost_usd REAL,
        target TEXT);
    INSERT INTO runs VALUES
      (1,0,'aa11000000000000','2026-07-14T08','2026-07-14 06:00',0,'Ann <ann@x>','checkout','gpt-5',10,9,0,0.9,0.913,90000,
        0.25,20000,'1a2b111111111111','','agentv/summary','complete','t1',NULL,''),
      (2,0,'bb22000000000000','night_ly','2026-07-15 10:00',0,'Bob <bob@x>','checkout-flow','gpt-5, opus',10,10,0,1.0,
        0.1+0.2,5400000,6.5,3000000,'1a2b222222222222','','agentv/summary','complete','t9',NULL,''),
      (3,0,'cc33000000000000','100%','2026-06-30 21:59',0,'Ann <ann@x>','Retrieval','opus',4,0,4,NULL,NULL,500,0.0,0,
        '3c3c333333333333','','generic','complete',NULL,NULL,''),
      (4,0,'dd44000000000000','plain',NULL,0,'ann','search','gpt-5-mini',3,2,1,1.0,0.8,NULL,NULL,NULL,NULL,'','generic',
        'complete',NULL,NULL,''),
      (5,0,'ee55000000000000','half','2026-07-01 12:00',0,'Bob <bob@x>','checkout',NULL,8,3,1,3/7.0,0.5,1000,NULL,NULL,
        '5e5e555555555555','','generic','partial','t5',NULL,''),
      (6,0,'ff66000000000000','gone',NULL,0,'Bob <bob@x>',NULL,NULL,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,'','generic',
        'pruned',NULL,NULL,''),
      (7,1,'aa11000000000000','2026-07-14T08',NULL,0,'','checkout','gpt-5',10,9,0,0.9,NULL,NULL,NULL,NULL,NULL,'','','',
        NULL,NULL,'');
    ALTER TABLE runs ADD COLUMN repo TEXT;
    UPDATE runs SET repo = 'acme/app' WHERE id LIKE 'a%';
    CREATE VIEW facts AS SELECT * FROM runs;
    UPDATE runs SET timestamp = unixepoch(timestamp) * 1000, recorded = unixepoch('2026-07-15 11:00') - seq * 60;
    INSERT INTO targets VALUES ('gpt-5',2), ('opus',2);
    INSERT INTO tags VALUES (1,'baseline'), (1,'flaky'), (2,'Baseline'), (5,'env=prod');
    INSERT INTO links VALUES (3,'1a2b111111111111');
    INSERT INTO notes VALUES (1,'Slow machine, 50% more'), (4,'see \"checkout\"');
    INSERT INTO cases VALUES
      (1,'login','s','fail',0.4,900,0.1,'gpt-5'), (1,'logout','s','pass',1.0,10,NULL,'gpt-5'),
      (2,'login','s','pass',1.0,10,NULL,'gpt-5'), (2,'login','s','pass',1.0,10,NULL,'opus'),
      (3,'login',NULL,'timeout',NULL,NULL,NULL,NULL), (3,'upload','S','error',NULL,NULL,NULL,NULL),
      (5,'log[i]n','t','fail',0.5,10,NULL,NULL), (5,'logout','t','skip',NULL,NULL,NULL,NULL);
";

pub(super) fn database() -> Connection {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(ROWS).unwrap();
    db
}

/// `now` is 14:30 in Berlin, 12:30 UTC.
pub(super) fn resolved() -> Resolved {
    let shas = |shas: &[&str]| shas.iter().map(|sha| (*sha).to_owned()).collect::<Vec<_>>();
    Resolved {
        commits: HashMap::from([
            (Wanted::Commit("HEAD".into()), shas(&["1a2b222222222222"])),
            (Wanted::Range("main..topic".into()), shas(&["3c3c333333333333", "0000"])),
            (Wanted::Reachable("main".into()), shas(&["1a2b111111111111", "1a2b222222222222"])),
        ]),
        me: Some("ann <ANN@x>".into()),
        unpushed: Unpushed::NotIn(1),
        trees: BTreeMap::from(
            [("1a2b111111111111", "t1"), ("1a2b222222222222", "t2")].map(|(a, b)| (a.to_owned(), b.to_owned())),
        ),
        places: vec![("local".into(), vec![0]), ("origin".into(), vec![1])],
        own: None,
    }
}

fn values(params: Vec<Param>) -> impl Iterator<Item = Value> {
    params.into_iter().map(|param| match param {
        Param::Text(text) => Value::Text(text),
        Param::Integer(number) => Value::Integer(number),
        Param::Real(number) => Value::Real(number),
    })
}

/// The first letters of the runs that match.
pub(super) fn select(db: &Connection, query: &Query, resolved: &Resolved) -> String {
    let (sql, params) = query.to_sql(resolved).unwrap_or_else(|err| panic!("{query}: {err}"));
    let sql = format!("SELECT substr(r.id, 1, 1) FROM runs r WHERE r.store = 0 AND {sql} ORDER BY r.seq");
    let mut statement = db.prepare(&sql).unwrap_or_else(|err| panic!("{query}: {err}\n{sql}"));
    let rows = statement.query_map(params_from_iter(values(params)), |row| row.get::<_, String>(0)).unwrap();
    rows.collect::<Result<String, _>>().unwrap()
}
