use std::fmt::Write;

use anyhow::{Context, ensure};

/// The statements of one purchase, word for word as the servers send them.
const OFFERS: &str = include_str!("../../sql/offers.sql");
const RESERVE: &str = include_str!("../../sql/reserve.sql");
const ACTIVATE: &str = include_str!("../../sql/activate.sql");

/// The statement of each read.
const BALANCE: &str = include_str!("../../sql/balance.sql");
const ORDER: &str = include_str!("../../sql/order.sql");

/// How many orders of a customer may wait at once here, where none of them ever gets a message.
pub(crate) const UNFINISHED: u32 = 1_000_000_000;

/// What is bought, by whom.
#[derive(Debug, Clone, Default)]
pub(crate) struct Purchase {
    pub(crate) first_user: i64,
    pub(crate) last_user: i64,
    pub(crate) catalog_product: i64,
    pub(crate) product: i64,
    pub(crate) provider: i64,
    pub(crate) service: String,
    pub(crate) country: String,
    pub(crate) price: i64,
    pub(crate) cost_micros: i64,
}

/// A transaction of pgbench and the values it begins with.
pub(crate) struct Script {
    pub(crate) text: String,
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl Script {
    /// One purchase: the three statements in their order, each its own transaction, as in
    /// api-server. `times` are now, the end of the window, and the first moment to cancel.
    pub(crate) fn purchase(
        purchase: &Purchase,
        [now, expires, cancel]: [String; 3],
    ) -> anyhow::Result<Self> {
        let offers = bind(OFFERS, "nothing catalog_product nothing nothing nothing limit")?;
        let reserve = bind(
            RESERVE,
            "user operation key fingerprint quantity price product catalog_product nothing \
             provider service country cost now now unfinished",
        )?;
        let activate = bind(
            ACTIVATE,
            "user order_id attempt external phone now expires cancel cost now kind",
        )?;
        let Purchase { first_user, last_user, .. } = purchase;
        let mut text = String::new();
        writeln!(text, "\\set user random({first_user}, {last_user})")?;
        writeln!(text, "\\set key random(1, 9223372036854775806)")?;
        writeln!(text, "{offers};")?;
        // Around the statement only so much that pgbench learns the order's id.
        writeln!(text, "SELECT made.\"order_ids!\"[1] AS order_id FROM (\n{reserve}) AS made")?;
        writeln!(text, "\\gset")?;
        writeln!(text, "\\set external :order_id + 4000000000")?;
        writeln!(text, "\\set phone :order_id + 6280000000000")?;
        writeln!(text, "{activate};")?;
        let catalog = purchase.catalog_product;
        let fingerprint =
            format!("catalog={catalog};min=;max=;carrier=;policy=cheapest;quantity=1;prefer=");
        let variables = vec![
            ("catalog_product", catalog.to_string()),
            ("limit", "5".to_owned()),
            ("operation", "create".to_owned()),
            ("fingerprint", fingerprint),
            ("quantity", "1".to_owned()),
            ("price", purchase.price.to_string()),
            ("product", purchase.product.to_string()),
            ("provider", purchase.provider.to_string()),
            ("service", purchase.service.clone()),
            ("country", purchase.country.clone()),
            ("cost", purchase.cost_micros.to_string()),
            ("attempt", "1".to_owned()),
            ("unfinished", UNFINISHED.to_string()),
            ("kind", "order.active".to_owned()),
            ("now", now),
            ("expires", expires),
            ("cancel", cancel),
        ];
        Ok(Self { text, variables })
    }

    /// The same purchase for the schema that was released before this one, whose reservation has no
    /// cap on unfinished orders yet.
    pub(crate) fn of_the_release_before(mut self) -> Self {
        self.text = self.text.replace(", :unfinished)", ")");
        self
    }
}

impl Script {
    /// The balance of a customer drawn at random.
    pub(crate) fn balance([first, last]: [i64; 2]) -> anyhow::Result<Self> {
        let statement = bind(BALANCE, "user")?;
        let text = format!("\\set user random({first}, {last})\n{statement};\n");
        Ok(Self { text, variables: Vec::new() })
    }

    /// An order of a customer drawn at random, whose number is that of the customer plus `offset`.
    pub(crate) fn order([first, last]: [i64; 2], offset: i64) -> anyhow::Result<Self> {
        let statement = bind(ORDER, "user order_id")?;
        let text = format!(
            "\\set user random({first}, {last})\n\\set order_id :user + {offset}\n{statement};\n"
        );
        Ok(Self { text, variables: Vec::new() })
    }
}

/// Puts the `n`-th of the variables `names` in the place of each `$n`. pgbench sends NULL for a
/// variable that is never set, as `nothing` is.
fn bind(statement: &str, names: &str) -> anyhow::Result<String> {
    let names: Vec<&str> = names.split_whitespace().collect();
    let mut parts = statement.trim_end().split('$');
    let mut bound = parts.next().unwrap_or_default().to_owned();
    let mut highest = 0;
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (number, rest) = part.split_at(end);
        let number: usize = number.parse().context("a $ without a number")?;
        let name = number.checked_sub(1).and_then(|index| names.get(index));
        highest = highest.max(number);
        write!(bound, ":{}{rest}", name.with_context(|| format!("no name for ${number}"))?)?;
    }
    ensure!(highest == names.len(), "{} names for {highest} parameters", names.len());
    Ok(bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PURCHASES: &str = include_str!("../../../infra/src/postgres/purchases.rs");
    const CATALOG: &str = include_str!("../../../infra/src/postgres/queries/catalog.rs");

    fn words(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The whole literal: a clause that only the source has would go unnoticed otherwise.
    fn quotes(source: &str, statement: &str) -> bool {
        let statement = words(statement);
        words(source).contains(&format!("r#\"{statement}\"#"))
    }

    #[test]
    fn measures_the_statements_that_the_servers_send() {
        assert!(quotes(CATALOG, OFFERS));
        assert!(quotes(PURCHASES, RESERVE));
        assert!(quotes(PURCHASES, ACTIVATE));
        assert!(!quotes(PURCHASES, &ACTIVATE.replace("attempt = $3 AND ", "")));
        assert!(!quotes(CATALOG, OFFERS.rsplit_once("LIMIT").unwrap().0));
    }

    /// The list of columns stands in one place of the source, the condition in another.
    #[test]
    fn reads_what_the_servers_read() {
        let ledger = words(include_str!("../../../infra/src/postgres/ledger.rs"));
        assert!(ledger.contains(&format!("r#\"{}\"#", words(BALANCE))));
        let columns = words(include_str!("../../../infra/src/postgres/order_row.rs"));
        let condition = words(include_str!("../../../infra/src/postgres/queries/orders.rs"));
        let (listed, wanted) = ORDER.split_once("FROM orders").unwrap();
        let listed = words(listed.trim_start_matches("SELECT"));
        assert!(columns.contains(&format!("\" {listed} \"")));
        assert!(condition.contains(&format!("\"FROM orders {}\"", words(wanted))));
    }

    #[test]
    fn sends_the_fingerprint_and_the_kind_that_the_servers_send() {
        let create = include_str!("../../../api-server/src/routes/orders/create.rs");
        assert!(create.contains("format!(\"catalog={id};min={min};max={max};carrier={carrier}\")"));
        assert!(
            create.contains("\"{wanted};policy={policy};quantity={quantity};prefer={prefer}\"")
        );
        assert!(create.contains("Policy::Cheapest => \"cheapest\""));
        assert!(create.contains("operation: \"create\""));
        let outbox = include_str!("../../../domain/src/outbox/mod.rs");
        assert!(outbox.contains("OrderActive = \"order.active\";"));
        let place = include_str!("../../../domain/src/orders/place.rs");
        assert!(place.contains("MAX_OFFERS: u32 = 5;"));
    }

    #[test]
    fn leaves_the_cap_out_where_none_is_known() {
        let times = ["now".to_owned(), "then".to_owned(), "when".to_owned()];
        let today = Script::purchase(&Purchase::default(), times).unwrap();
        assert_eq!(today.text.matches(":unfinished").count(), 1);
        let before = today.of_the_release_before().text;
        assert!(!before.contains("unfinished") && before.contains(":now)) AS made"), "{before}");
    }

    #[test]
    fn binds_every_parameter_by_name() {
        let bound = bind("a $2::bigint = $1 AND $2", "one two").unwrap();
        assert_eq!(bound, "a :two::bigint = :one AND :two");
        bind("$2", "one").unwrap_err();
        bind("$1", "one two").unwrap_err();
        bind("$", "one").unwrap_err();
    }
}
