//! A database and a role of its own for each stack.

use std::time::Duration;

use reqwest::Url;
use sqlx::{
    AssertSqlSafe, Decode, Type,
    postgres::{PgPool, PgPoolOptions, Postgres},
};

/// A fresh database, seen by its owner, and the role that the binaries log in as.
pub(crate) struct Database {
    /// The owner's view: migrations and checks.
    pub(crate) owner_url: String,
    /// What the binaries may.
    pub(crate) app_url: String,
    pub(crate) role: String,
    pool: PgPool,
    admin: PgPool,
    name: String,
    is_removed: bool,
}

impl Database {
    pub(crate) async fn create(server: &str, name: &str, password: &str) -> Self {
        let admin = pool(server);
        let role = format!("{name}_app");
        run(&admin, format!("CREATE ROLE {role} LOGIN PASSWORD '{password}'")).await;
        run(&admin, format!("CREATE DATABASE {name}")).await;
        let mut url = Url::parse(server).expect("DATABASE_URL is no URL");
        url.set_path(name);
        let owner_url = url.to_string();
        url.set_username(&role).unwrap();
        url.set_password(Some(password)).unwrap();
        let pool = pool(&owner_url);
        let (app_url, name) = (url.to_string(), name.to_owned());
        Self { owner_url, app_url, role, pool, admin, name, is_removed: false }
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

    /// Drops the database and the role.
    pub(crate) async fn remove(&mut self) {
        self.is_removed = true;
        self.pool.close().await;
        remove(&self.admin, &self.name, &self.role).await;
        self.admin.close().await;
    }
}

/// After a failure the runtime of the test must not be used any more.
impl Drop for Database {
    fn drop(&mut self) {
        if self.is_removed {
            return;
        }
        let (name, role) = (self.name.clone(), self.role.clone());
        let removing = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                remove(&pool(&super::place::place().database_url), &name, &role).await;
            });
        });
        if removing.join().is_err() {
            eprintln!("database {} is left over", self.name);
        }
    }
}

async fn remove(admin: &PgPool, name: &str, role: &str) {
    run(admin, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
    run(admin, format!("DROP ROLE IF EXISTS {role}")).await;
}

fn pool(url: &str) -> PgPool {
    let options = PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(20));
    options.connect_lazy(url).unwrap()
}

async fn run(admin: &PgPool, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(admin).await.unwrap();
}
