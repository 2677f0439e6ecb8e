//! Proves the books of a [`super::MemStore`]; findings cite the invariants of the ledger.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::UserId,
    ledger::{
        Account, JournalKind, Transfer, Wallet,
        audit::{AuditReport, Finding, TrialLine},
    },
    money::Balance,
    orders::{Order, Status},
};

use super::{audit_payins, books::Books, state::State};

pub(super) fn report(state: &State) -> AuditReport {
    let books = &state.books;
    let mut findings = balances_follow_rows(books);
    findings.extend(holds_match_orders(state));
    findings
        .extend(state.orders.values().flat_map(|row| order_has_its_journals(books, &row.order)));
    findings.extend(audit_payins::findings(state));
    let trial_balance = trial_balance(books);
    findings.extend(sums_are_zero(&trial_balance));
    AuditReport {
        transfers: count(books.rows.len()),
        wallets: count(books.wallets.len()),
        findings,
        trial_balance,
        root: None,
    }
}

pub(super) fn finding(invariant: &str, user: Option<UserId>, detail: String) -> Finding {
    let (invariant, user_id) = (invariant.to_owned(), user.map(UserId::get));
    Finding { invariant, user_id, order_id: None, detail }
}

/// L5: what a wallet holds, what its last row says and what its rows add up to are the same.
fn balances_follow_rows(books: &Books) -> Vec<Finding> {
    let mut replayed: BTreeMap<UserId, Wallet> = BTreeMap::new();
    let mut findings = Vec::new();
    for row in &books.rows {
        let Some((user, after)) = row.after else { continue };
        let wallet = replayed.entry(user).or_default();
        *wallet = Wallet {
            available: moved(wallet.available, Account::Available(user), row.transfer),
            held: moved(wallet.held, Account::Held(user), row.transfer),
            debt: owed(wallet.debt, Account::Debt(user), row.transfer),
            frozen: after.frozen,
        };
        if *wallet != after {
            let detail = format!("a row says {after:?} where {wallet:?} follows");
            findings.push(finding("L5", Some(user), detail));
        }
    }
    for (user, kept) in &books.wallets {
        let sum = replayed.get(user).copied().unwrap_or_default();
        let sum = Wallet { frozen: kept.frozen, ..sum };
        if sum != *kept {
            findings.push(finding("L5", Some(*user), format!("holds {kept:?}, rows say {sum:?}")));
        }
    }
    findings
}

fn moved(before: Balance, purse: Account, transfer: Transfer) -> Balance {
    let left = if transfer.from == purse { before.minus(transfer.amount) } else { Some(before) };
    let arrived = left.and_then(|balance| {
        if transfer.to == purse { balance.plus(transfer.amount) } else { Some(balance) }
    });
    arrived.unwrap_or(before)
}

/// A debt grows by what leaves its account.
fn owed(before: Balance, purse: Account, transfer: Transfer) -> Balance {
    let Transfer { from, to, .. } = transfer;
    moved(before, purse, Transfer { from: to, to: from, ..transfer })
}

const fn is_live(order: &Order) -> bool {
    matches!(order.status(), Status::Reserving | Status::Active)
}

/// L14: what is held is what live orders cost, for every customer.
fn holds_match_orders(state: &State) -> Vec<Finding> {
    let mut live: BTreeMap<UserId, i64> = BTreeMap::new();
    for row in state.orders.values().filter(|row| is_live(&row.order)) {
        *live.entry(row.order.user).or_default() += row.order.price.get();
    }
    let users: BTreeSet<_> = live.keys().chain(state.books.wallets.keys()).copied().collect();
    let mut findings = Vec::new();
    for user in users {
        let held = state.books.wallets.get(&user).map_or(0, |wallet| wallet.held.get());
        let expected = live.get(&user).copied().unwrap_or_default();
        if held != expected {
            let detail = format!("holds {held}, live orders cost {expected}");
            findings.push(finding("L14", Some(user), detail));
        }
    }
    findings
}

/// L14: every attempt was held; all but the last were given back; the last one stands as its
/// order does.
fn order_has_its_journals(books: &Books, order: &Order) -> Vec<Finding> {
    let mut findings = Vec::new();
    for attempt in 1..=order.attempt {
        let key = |step| format!("order:{}:{attempt}:{step}", order.id);
        let resolution = books.journals.get(&key("resolve")).map(|journal| journal.kind);
        let expected = match order.status() {
            _ if attempt < order.attempt => Some(JournalKind::OrderRefund),
            Status::Reserving | Status::Active => None,
            Status::OtpReceived | Status::Completed => Some(JournalKind::OrderCapture),
            Status::Canceled | Status::Expired | Status::Failed => Some(JournalKind::OrderRefund),
        };
        if !books.journals.contains_key(&key("hold")) || resolution != expected {
            let status = order.status();
            let detail = format!("attempt {attempt}, {status:?}: resolved as {resolution:?}");
            let mut found = finding("L14", Some(order.user), detail);
            found.order_id = Some(order.id.get());
            findings.push(found);
        }
    }
    findings
}

pub(super) fn trial_balance(books: &Books) -> Vec<TrialLine> {
    let mut sums: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for row in &books.rows {
        let (amount, currency) = (row.transfer.amount.get(), row.transfer.currency.code());
        *sums.entry((row.transfer.from.class(), currency)).or_default() -= amount;
        *sums.entry((row.transfer.to.class(), currency)).or_default() += amount;
    }
    let line = |((class, currency), balance): ((&str, &str), i64)| TrialLine {
        class: class.to_owned(),
        currency: currency.to_owned(),
        balance,
    };
    sums.into_iter().map(line).collect()
}

/// L13.
fn sums_are_zero(lines: &[TrialLine]) -> Vec<Finding> {
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for line in lines {
        *sums.entry(&line.currency).or_default() += line.balance;
    }
    let off = sums.into_iter().filter(|(_, sum)| *sum != 0);
    off.map(|(currency, sum)| finding("L13", None, format!("{currency} adds up to {sum}")))
        .collect()
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
