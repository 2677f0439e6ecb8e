//! The storage contract of testkit, kept by Postgres. One database per case.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use infra::{crypto::Sealer, postgres::Postgres};
use sqlx::PgPool;

fn backend(pool: PgPool) -> Postgres {
    let sealer = Sealer::from_hex(&"5a".repeat(32).into()).unwrap();
    Postgres::with_pool(pool, sealer)
}

macro_rules! on_postgres {
    ($suite:ident: $($case:ident),+ $(,)?) => {
        mod $suite {
            use super::{PgPool, backend};

            $(
                #[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
                async fn $case(pool: PgPool) -> testkit::Outcome {
                    testkit::contract::$suite::$case(&backend(pool)).await
                }
            )+
        }
    };
}

testkit::every_case!(on_postgres);
