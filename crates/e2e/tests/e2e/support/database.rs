//! A database for each stack, and a login of its own for each binary.

use std::{iter, time::Duration};

use reqwest::Url;
use sqlx::{
    AssertSqlSafe, Decode, Type,
    postgres::{PgPool, PgPoolOptions, Postgres},
};

/// The binaries, and what `ctl migrate` calls the role of each.
const ROLES: [(&str, &str); 4] = [
    ("api-server", "api"),
    ("webhook-ingest", "webhook"),
    ("task-worker", "worker"),
    ("ctl", "operator"),
];

/// A fresh database, seen by its owner and by each of the binaries.
pub(crate) struct Database {
    /// The owner's view: migrations and checks.
    pub(crate) owner_url: String,
    password: String,
    pool: PgPool,
    admin: PgPool,
    name: String,
    is_removed: bool,
}

impl Database {
    pub(crate) async fn create(server: &str, name: &str, password: &str) -> Self {
        let admin = pool(server);
        for (_, role) in ROLES {
            run(&admin, format!("CREATE ROLE {name}_{role} LOGIN PASSWORD '{password}'")).await;
        }
        run(&admin, format!("CREATE DATABASE {name}")).await;
        let mut url = Url::parse(server).expect("DATABASE_URL is no URL");
        url.set_path(name);
        let (owner_url, password) = (url.to_string(), password.to_owned());
        let (pool, name) = (pool(&owner_url), name.to_owned());
        Self { owner_url, password, pool, admin, name, is_removed: false }
    }

    /// What a binary may: its own login.
    pub(crate) fn url(&self, binary: &str) -> String {
        let (_, role) = ROLES.into_iter().find(|(name, _)| *name == binary).expect("a binary");
        let mut url = Url::parse(&self.owner_url).unwrap();
        url.set_username(&format!("{}_{role}", self.name)).unwrap();
        url.set_password(Some(&self.password)).unwrap();
        url.to_string()
    }

    /// The command that makes the schema and gives each login its role.
    pub(crate) fn migration(&self) -> Vec<String> {
        let grants = ROLES
            .map(|(_, role)| ["--grant-to".to_owned(), format!("{}_{role}={role}", self.name)]);
        iter::once("migrate".to_owned()).chain(grants.into_iter().flatten()).collect()
    }

    /// The one column of the one row that `sql` finds.
    pub(crate) async fn one<T>(&self, sql: &'static str) -> T
    where
        T: for<'a> Decode<'a, Postgres> + Type<Postgres> + Send + Unpin,
    {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    /// The one column of all rows that `sql` finds, in which `$1` is `id`.
    pub(crate) async fn all<T>(&self, sql: &'static str, id: i64) -> Vec<T>
    where
        T: for<'a> Decode<'a, Postgres> + Type<Postgres> + Send + Unpin,
    {
        sqlx::query_scalar(sql).bind(id).fetch_all(&self.pool).await.unwrap()
    }

    /// For checks that read whole rows.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Drops the database and its logins.
    pub(crate) async fn remove(&mut self) {
        self.is_removed = true;
        self.pool.close().await;
        remove(&self.admin, &self.name).await;
        self.admin.close().await;
    }
}

/// After a failure the runtime of the test must not be used any more.
impl Drop for Database {
    fn drop(&mut self) {
        if self.is_removed {
            return;
        }
        let name = self.name.clone();
        let removing = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                remove(&pool(&super::place::place().database_url), &name).await;
            });
        });
        if removing.join().is_err() {
            eprintln!("database {} is left over", self.name);
        }
    }
}

async fn remove(admin: &PgPool, name: &str) {
    run(admin, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
    for (_, role) in ROLES {
        run(admin, format!("DROP ROLE IF EXISTS {name}_{role}")).await;
    }
}

fn pool(url: &str) -> PgPool {
    let options = PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(20));
    options.connect_lazy(url).unwrap()
}

async fn run(admin: &PgPool, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(admin).await.unwrap();
}
