//! The database of the release before this one, with the customers and offers of today.

use super::{databases::Databases, seed::CREDIT};
use crate::postgres::Login;

/// The schema as it was last released, before the database enforced who may do what, chained
/// movements and knew debts.
const RELEASED: [&str; 7] = [
    include_str!("../../../../migrations/20261120100000_ledger.sql"),
    include_str!("../../../../migrations/20261120100100_identity.sql"),
    include_str!("../../../../migrations/20261120100200_catalog.sql"),
    include_str!("../../../../migrations/20261120100300_events.sql"),
    include_str!("../../../../migrations/20261120100400_orders.sql"),
    include_str!("../../../../migrations/20261120100500_inbox.sql"),
    include_str!("../../../../migrations/20261120100600_topups.sql"),
];

/// What a purchase reads, referenced rows first. What these tables have got since is left out.
const TABLES: [&str; 9] = [
    "users",
    "countries",
    "providers",
    "provider_countries",
    "services",
    "carriers",
    "catalog_products",
    "products",
    "offers",
];

/// Makes the database and fills it from the main one. `api` may buy in it; there its role has no
/// rights of its own yet.
pub(super) async fn lay(databases: &Databases, api: &Login) -> anyhow::Result<()> {
    let Databases { server, main, before, .. } = databases;
    server.create(before).await?;
    for migration in RELEASED {
        server.sql(before, &format!("BEGIN;\n{migration}\nCOMMIT;")).await?;
    }
    for table in TABLES {
        let columns = format!(
            "SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)
             FROM information_schema.columns
             WHERE table_schema = 'public' AND table_name = '{table}'"
        );
        let columns = server.sql(before, &columns).await?;
        let rows = format!("COPY (SELECT {columns} FROM {table}) TO STDOUT;");
        let rows = server.sql(main, &rows).await?;
        let line = if rows.is_empty() { "" } else { "\n" };
        let rows = format!("COPY {table} ({columns}) FROM STDIN;\n{rows}{line}\\.\n");
        server.sql(before, &rows).await?;
    }
    server.sql(before, &ready(&api.user)).await.map(drop)
}

/// Wallets with money in them, and the rights of the login.
fn ready(login: &str) -> String {
    let login = login.replace('"', "\"\"");
    format!(
        "BEGIN;
         SELECT ledger.open_wallet(id) FROM users \\g /dev/null
         SELECT ledger.post('adjustment:bench:' || id, 'ADJUSTMENT', ARRAY['adjustment'],
                            ARRAY[0::bigint], ARRAY['available'], ARRAY[id],
                            ARRAY[{CREDIT}::bigint], ARRAY['IDR']),
                ledger.note_adjustment('adjustment:bench:' || id, 'bench', 'benchmark')
         FROM users \\g /dev/null
         COMMIT;
         GRANT USAGE ON SCHEMA ledger TO \"{login}\";
         GRANT EXECUTE ON FUNCTION ledger.post, ledger.affordable TO \"{login}\";
         GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO \"{login}\";
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO \"{login}\";"
    )
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn knows_every_migration_that_was_released() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
        let mut released: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.file_name().unwrap().to_str().unwrap() < "20261121")
            .collect();
        released.sort();
        let texts: Vec<_> = released.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        assert_eq!(texts, RELEASED);
    }

    #[test]
    fn quotes_the_login() {
        assert!(ready("a\"b").contains("TO \"a\"\"b\";"));
    }
}
