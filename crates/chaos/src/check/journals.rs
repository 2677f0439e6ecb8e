//! Every movement has its reason, and every reason its movement, once.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Facts, Finding, facts::is_earned, returns};
use crate::evidence::{Activation, Order, Transfer};

/// Movements by the key of their journal.
pub(super) type Journals<'a> = BTreeMap<&'a str, Vec<&'a Transfer>>;

/// A movement as the order behind it demands it: class it leaves, class it enters, amount.
type Leg<'a> = (&'a str, &'a str, i64);

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut journals = Journals::new();
    for transfer in &facts.books().transfers {
        journals.entry(&transfer.journal_key).or_default().push(transfer);
    }
    let mut findings: Vec<_> = facts
        .books()
        .orders
        .iter()
        .flat_map(|order| of_order(order, facts.activation_of(order), &mut journals))
        .collect();
    let granted = facts
        .evidence
        .history
        .iter()
        .filter(|entry| matches!(entry.what, crate::history::What::Customer { .. }));
    let (granted, adjustments) = (granted.count(), rest(&mut journals, "adjustment:"));
    if adjustments != granted {
        let text = format!("{adjustments} adjustments, {granted} were ordered");
        findings.push(Finding::double(text));
    }
    // Those are compared with the gateways' memories.
    rest(&mut journals, "topup:");
    findings.extend(returns::journals(facts, &mut journals));
    findings.extend(of_orphans(facts, &mut journals));
    let unasked =
        journals.keys().map(|key| Finding::double(format!("journal {key} has no reason")));
    findings.extend(unasked);
    findings.extend(zero(facts));
    findings.extend(histories(facts));
    findings
}

fn rest(journals: &mut Journals<'_>, prefix: &str) -> usize {
    let before = journals.len();
    journals.retain(|key, _| !key.starts_with(prefix));
    before - journals.len()
}

/// Compares the journals of an order with what its state demands, and takes them off the list.
fn of_order(
    order: &Order,
    activation: Option<&Activation>,
    journals: &mut Journals<'_>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut price = order.price;
    for attempt in (1..=order.attempt).rev() {
        let is_last = attempt == order.attempt;
        let key = format!("order:{}:{attempt}:hold", order.id);
        let found = journals.remove(key.as_str()).unwrap_or_default();
        // Earlier attempts were made at prices that only the ledger remembers.
        if !is_last {
            price = found.first().map_or(0, |transfer| transfer.amount);
        }
        findings.extend(same(&key, order, &found, &[("available", "held", price)]));
        let key = format!("order:{}:{attempt}:resolve", order.id);
        let found = journals.remove(key.as_str()).unwrap_or_default();
        let capture = [
            ("held", "revenue", price),
            ("provider_expense", "provider_prepaid", order.cost_micros),
        ];
        let wanted: &[Leg<'_>] = match order.state.as_str() {
            _ if !is_last => &[("held", "available", price)],
            "RESERVING" | "ACTIVE" => &[],
            _ if is_earned(order) && order.cost_micros == 0 => capture.get(..1).unwrap_or_default(),
            _ if is_earned(order) => &capture,
            _ => &[("held", "available", price)],
        };
        findings.extend(same(&key, order, &found, wanted));
    }
    let key = format!("order:{}:{}:late", order.id, order.attempt);
    let found = journals.remove(key.as_str()).unwrap_or_default();
    let cost = [("late_sms_expense", "provider_prepaid", order.cost_micros)];
    let wanted: &[Leg<'_>] = if is_late(order, activation) { &cost } else { &[] };
    findings.extend(same(&key, order, &found, wanted));
    findings
}

/// What a number cost that no order has is booked once.
fn of_orphans(facts: &Facts<'_>, journals: &mut Journals<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for orphan in facts.orphans() {
        let provider = facts.books().providers.iter().find(|it| it.code == orphan.provider);
        let Some(provider) = provider else { continue };
        let key = format!("orphan:{}:{}", provider.id, orphan.id);
        let found = journals.remove(key.as_str()).unwrap_or_default();
        let is_booked = matches!(found.as_slice(), [it] if it.from_class == "late_sms_expense"
            && it.to_class == "provider_prepaid" && it.amount == orphan.cost_micros);
        if !is_booked {
            findings.push(Finding::wrong(format!("the cost of {key} is not booked as it is")));
        }
    }
    findings
}

/// Whether a number has to be paid for whose order was refunded: a message came too late.
pub(super) fn is_late(order: &Order, activation: Option<&Activation>) -> bool {
    matches!(order.state.as_str(), "CANCELED" | "EXPIRED")
        && activation.is_some_and(|it| !it.messages.is_empty())
}

fn same(key: &str, order: &Order, found: &[&Transfer], wanted: &[Leg<'_>]) -> Option<Finding> {
    let legs: Vec<Leg<'_>> =
        found.iter().map(|it| (it.from_class.as_str(), it.to_class.as_str(), it.amount)).collect();
    let is_own = found.iter().filter_map(|it| it.wallet_user).all(|user| user == order.user_id);
    if legs == wanted && is_own {
        return None;
    }
    let text = format!("{key} of an order that is {} moves {legs:?}, not {wanted:?}", order.state);
    Some(if legs.len() < wanted.len() { Finding::lost(text) } else { Finding::double(text) })
}

/// All accounts of a currency add up to zero, and no movement mixes currencies.
fn zero(facts: &Facts<'_>) -> Vec<Finding> {
    let mut sums: HashMap<&str, i128> = HashMap::new();
    let mut balances: BTreeMap<(&str, i64, &str), i128> = BTreeMap::new();
    for it in &facts.books().transfers {
        let amount = i128::from(it.amount);
        *balances.entry((&it.from_class, it.from_owner, &it.currency)).or_default() -= amount;
        *balances.entry((&it.to_class, it.to_owner, &it.currency)).or_default() += amount;
    }
    let mut findings = Vec::new();
    for ((class, owner, currency), balance) in &balances {
        *sums.entry(currency).or_default() += balance;
        // What is owed to us is negative, and what customers have is not.
        let is_impossible = match *class {
            "available" | "held" => *balance < 0,
            "debt" => *balance > 0,
            _ => false,
        };
        if is_impossible {
            let text = format!("{class} of customer {owner} is {balance} {currency}");
            findings.push(Finding::double(text));
        }
    }
    let skewed = sums.iter().filter(|(_, sum)| **sum != 0);
    findings
        .extend(skewed.map(|(currency, sum)| Finding::wrong(format!("{currency} sum to {sum}"))));
    findings
}

/// The history of each wallet: numbered without gaps, each balance following from the one before,
/// the last one being what the wallet holds.
fn histories(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut last: HashMap<i64, (i64, i64, i64, i64)> = HashMap::new();
    let mut broken: HashSet<i64> = HashSet::new();
    let mut moves: Vec<_> =
        facts.books().transfers.iter().filter(|it| it.wallet_user.is_some()).collect();
    moves.sort_by_key(|it| (it.wallet_user, it.wallet_seq));
    for it in moves {
        let (Some(user), Some(seq)) = (it.wallet_user, it.wallet_seq) else { continue };
        let (before, available, held, debt) = last.get(&user).copied().unwrap_or_default();
        let change = |class: &str| {
            it.amount * (i64::from(it.to_class == class) - i64::from(it.from_class == class))
        };
        let (available, held) = (available + change("available"), held + change("held"));
        // The account of a debt sinks as the debt grows.
        let debt = debt - change("debt");
        let after = (it.available_after, it.held_after, it.debt_after);
        let is_next = seq == before + 1 && after == (Some(available), Some(held), Some(debt));
        if !is_next && broken.insert(user) {
            let text = format!("the history of wallet {user} breaks at {seq}: {}", it.journal_key);
            findings.push(Finding::wrong(text));
        }
        last.insert(user, (seq, available, held, debt));
    }
    for wallet in &facts.books().wallets {
        let end = last.get(&wallet.user_id).copied().unwrap_or_default();
        let is = (wallet.seq, wallet.available, wallet.held, wallet.debt);
        if end != is && !broken.contains(&wallet.user_id) {
            let text = format!("wallet {} does not hold what its history says", wallet.user_id);
            findings.push(Finding::wrong(text));
        }
    }
    findings
}
