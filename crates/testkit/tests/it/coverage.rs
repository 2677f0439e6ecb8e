//! No case of a suite is left out of [`testkit::cases!`].

macro_rules! names {
    ($suite:ident: $($case:ident),+ $(,)?) => {
        (stringify!($suite), vec![$(stringify!($case)),+])
    };
}

#[test]
fn lists_every_case_of_every_suite() {
    for ((suite, mut listed), source) in [
        (testkit::cases!(ledger => names), include_str!("../../src/contract/ledger.rs")),
        (testkit::cases!(books => names), include_str!("../../src/contract/books.rs")),
        (testkit::cases!(payback => names), include_str!("../../src/contract/payback.rs")),
        (testkit::cases!(purchases => names), include_str!("../../src/contract/purchases.rs")),
        (testkit::cases!(orders => names), include_str!("../../src/contract/orders.rs")),
        (testkit::cases!(work => names), include_str!("../../src/contract/work.rs")),
        (testkit::cases!(orphans => names), include_str!("../../src/contract/orphans.rs")),
        (testkit::cases!(inbox => names), include_str!("../../src/contract/inbox.rs")),
        (testkit::cases!(topups => names), include_str!("../../src/contract/topups.rs")),
        (testkit::cases!(tasks => names), include_str!("../../src/contract/tasks.rs")),
        (testkit::cases!(letters => names), include_str!("../../src/contract/letters.rs")),
        (testkit::cases!(periodic => names), include_str!("../../src/contract/periodic.rs")),
        (testkit::cases!(payments => names), include_str!("../../src/contract/payments.rs")),
        (testkit::cases!(rates => names), include_str!("../../src/contract/rates.rs")),
        (testkit::cases!(outbox => names), include_str!("../../src/contract/outbox.rs")),
        (testkit::cases!(identity => names), include_str!("../../src/contract/identity.rs")),
        (testkit::cases!(conduct => names), include_str!("../../src/contract/conduct.rs")),
        (testkit::cases!(catalog => names), include_str!("../../src/contract/catalog.rs")),
        (testkit::cases!(directory => names), include_str!("../../src/contract/directory.rs")),
        (testkit::cases!(hooks => names), include_str!("../../src/contract/hooks.rs")),
    ] {
        let mut written: Vec<_> = source
            .lines()
            .filter_map(|line| line.strip_prefix("pub async fn ")?.split('<').next())
            .collect();
        written.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, written, "{suite}");
    }
}
