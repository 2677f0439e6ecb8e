use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::UserId,
    ledger::{
        Account, Freeze, Journal, JournalKey, JournalKind, PostError, Posted, Transfer, Wallet,
        adjust::{Change, Proposal},
        chart,
        statement::{Standing, StatementLine},
        treasury::Decision,
    },
    money::{Amount, Currency},
    store::StoreError,
};

use super::state::misuse;
use crate::start_of_time;

/// The ledger: journals, one row per movement, and the wallets' running balances.
#[derive(Debug, Clone, Default)]
pub(super) struct Books {
    pub(super) wallets: BTreeMap<UserId, Wallet>,
    /// Whose money is worth nothing.
    pub(super) tests: BTreeSet<UserId>,
    pub(super) journals: BTreeMap<String, Journal>,
    pub(super) rows: Vec<Row>,
    pub(super) proposals: BTreeMap<String, Proposal>,
    /// Who approved, by reference.
    pub(super) approvals: BTreeMap<String, String>,
    pub(super) decisions: BTreeMap<String, Decision>,
    pub(super) freezes: Vec<Freeze>,
}

/// One movement, and what the wallet it touched held afterwards.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) key: JournalKey,
    pub(super) kind: JournalKind,
    pub(super) transfer: Transfer,
    pub(super) after: Option<(UserId, Wallet)>,
}

impl Books {
    /// Posts `journal`. After an error these books are half written and must be forgotten.
    pub(super) fn post(&mut self, journal: &Journal) -> Result<Posted, PostError> {
        let key = journal.key.as_str();
        if let Some(known) = self.journals.get(key) {
            let same = known == journal;
            return if same { Ok(Posted::Already) } else { Err(PostError::KeyReused(key.into())) };
        }
        self.check(journal)?;
        for transfer in &journal.legs {
            let after = self.shift(transfer)?;
            let (key, kind) = (journal.key.clone(), journal.kind);
            self.rows.push(Row { key, kind, transfer: *transfer, after });
            if let (JournalKind::OrderDebit, Some((_, wallet))) = (journal.kind, after) {
                may_buy(&wallet)?;
            }
        }
        self.journals.insert(key.to_owned(), journal.clone());
        Ok(Posted::New)
    }

    /// Spends what there is on what is owed.
    pub(super) fn repay_debt(&mut self, user: UserId) -> Result<Option<Amount>, PostError> {
        let Wallet { available, debt, .. } = self.wallet(user);
        let Some(amount) = Amount::new(available.min(debt).get()) else { return Ok(None) };
        let moved = self.rows.iter().filter(|row| row.after.is_some_and(|(of, _)| of == user));
        let next = i64::try_from(moved.count()).unwrap_or(i64::MAX).saturating_add(1);
        let (from, to) = (Account::Available(user), Account::Debt(user));
        let journal = Journal {
            key: JournalKey::repayment(user, next),
            kind: JournalKind::DebtRepayment,
            legs: vec![Transfer { from, to, amount, currency: Currency::Idr }],
        };
        self.post(&journal).map(|_| Some(amount))
    }

    /// Stops purchases; false when they are stopped for this reason already.
    pub(super) fn freeze(&mut self, freeze: &Freeze) -> Result<bool, StoreError> {
        let wallet = self.wallets.get_mut(&freeze.user);
        wallet.ok_or_else(|| misuse("the customer has no wallet"))?.frozen = true;
        let is_new = !self.freezes.contains(freeze);
        if is_new {
            self.freezes.push(freeze.clone());
        }
        Ok(is_new)
    }

    /// Lifts one freeze; false when there is none such.
    pub(super) fn unfreeze(&mut self, freeze: &Freeze) -> bool {
        let before = self.freezes.len();
        self.freezes.retain(|one| one != freeze);
        let frozen = self.freezes.iter().any(|one| one.user == freeze.user);
        if let Some(wallet) = self.wallets.get_mut(&freeze.user) {
            wallet.frozen = frozen;
        }
        self.freezes.len() < before
    }

    /// What moved a wallet, the oldest first.
    pub(super) fn history(&self, user: UserId) -> Vec<StatementLine> {
        let mine = self.rows.iter().filter_map(|row| match row.after {
            Some((of, wallet)) if of == user => Some((row, wallet)),
            _ => None,
        });
        let line = |(seq, (row, after)): (i64, (&Row, Wallet))| StatementLine {
            seq,
            key: row.key.to_string(),
            kind: row.kind,
            amount: row.transfer.amount.get(),
            after: Standing {
                available: after.available.get(),
                held: after.held.get(),
                debt: after.debt.get(),
            },
            at: start_of_time(),
        };
        (1..).zip(mine).map(line).collect()
    }

    pub(super) fn wallet(&self, user: UserId) -> Wallet {
        self.wallets.get(&user).copied().unwrap_or_default()
    }

    pub(super) fn currency(&self, user: UserId) -> Currency {
        if self.tests.contains(&user) { Currency::Xts } else { Currency::Idr }
    }

    /// Keeps a proposal; false when the same one is there.
    pub(super) fn propose(&mut self, proposal: &Proposal) -> Result<bool, PostError> {
        let reference = &proposal.reference;
        if !self.wallets.contains_key(&proposal.user) {
            return Err(PostError::Forbidden(format!("customer {} has no wallet", proposal.user)));
        }
        match self.proposals.get(reference) {
            None => {
                self.proposals.insert(reference.clone(), proposal.clone());
                Ok(true)
            }
            Some(known) => {
                let content = |it: &Proposal| (it.user, it.change, it.amount);
                let same = content(known) == content(proposal);
                if same { Ok(false) } else { Err(PostError::KeyReused(reference.clone())) }
            }
        }
    }

    /// Posts a proposal on the word of somebody else.
    pub(super) fn approve(
        &mut self,
        reference: &str,
        approver: &str,
    ) -> Result<(Posted, UserId), PostError> {
        let known = self.proposals.get(reference).cloned();
        let unknown = || PostError::Forbidden(format!("there is no proposal {reference}"));
        let Proposal { user, change, amount, operator, .. } = known.ok_or_else(unknown)?;
        if operator.trim().to_lowercase() == approver.trim().to_lowercase() {
            let message = format!("proposal {reference} needs the word of a second person");
            return Err(PostError::Forbidden(message));
        }
        let journal = match change {
            Change::Give => chart::adjustment(reference, user, amount),
            Change::Take => chart::deduction(reference, user, amount),
        };
        let posted = self.post(&journal)?;
        self.approvals.entry(reference.to_owned()).or_insert_with(|| approver.to_owned());
        Ok((posted, user))
    }

    /// Money moved by hand without an explanation does not commit.
    pub(super) fn check_explained(&self) -> Result<(), StoreError> {
        let is_explained = |journal: &Journal| match journal.kind {
            JournalKind::Adjustment => {
                let key = journal.key.as_str();
                key.strip_prefix("adjustment:").is_some_and(|it| self.approvals.contains_key(it))
            }
            JournalKind::OrderCompensation
            | JournalKind::GatewaySettlement
            | JournalKind::ProviderFunding => self.decisions.contains_key(journal.key.as_str()),
            _ => true,
        };
        match self.journals.values().find(|journal| !is_explained(journal)) {
            None => Ok(()),
            Some(journal) => Err(misuse(&format!("{} names no operator", journal.key))),
        }
    }

    fn check(&self, journal: &Journal) -> Result<(), PostError> {
        let refuse = |why: &str| Err(PostError::Forbidden(format!("{}: {why}", journal.key)));
        let legs = &journal.legs;
        let wallets = legs.iter().filter(|leg| leg.from.wallet().or(leg.to.wallet()).is_some());
        if legs.is_empty() || wallets.count() > 1 {
            return refuse("a journal has movements, of which at most one touches a wallet");
        }
        let foreign = |leg: &Transfer| {
            let wallet = leg.from.wallet().or(leg.to.wallet());
            wallet.is_some_and(|user| leg.currency != self.currency(user))
        };
        if legs.iter().any(foreign) {
            return refuse("a wallet has one currency");
        }
        if legs.iter().any(|leg| leg.from == leg.to) {
            return refuse("money must move");
        }
        let exchanged = |of: fn(&Transfer) -> Account| {
            legs.iter().filter(|leg| of(leg) == Account::Liquidity).count()
        };
        if exchanged(|leg| leg.from) != exchanged(|leg| leg.to) {
            return refuse("what is exchanged comes out in the other currency");
        }
        let fits = match journal.kind {
            JournalKind::OrderRefund | JournalKind::OrderCapture => self.was_held(journal),
            JournalKind::ClawbackReversal | JournalKind::TopupRefundReversal => {
                self.was_done(journal)
            }
            JournalKind::LateSms => self.ended_as(journal, JournalKind::OrderRefund).is_some(),
            JournalKind::OrderCompensation => self.was_earned(journal),
            _ => true,
        };
        if fits { Ok(()) } else { refuse("it does not fit what was before") }
    }

    /// Whether exactly what `journal` takes out of a hold was put there by the same attempt.
    fn was_held(&self, journal: &Journal) -> bool {
        let key = journal.key.as_str().strip_suffix("resolve").map(|stem| format!("{stem}hold"));
        let put_in = key.and_then(|key| self.journals.get(&key)?.legs.first());
        let taken = journal.legs.iter().find(|leg| matches!(leg.from, Account::Held(_)));
        match (put_in, taken) {
            (Some(put_in), Some(taken)) => put_in.to == taken.from && put_in.amount == taken.amount,
            _ => false,
        }
    }

    /// Whether what `journal` reverses was done to the same customer, with no less than this and
    /// all that was reversed of it before.
    fn was_done(&self, journal: &Journal) -> bool {
        let Some(stem) = journal.key.as_str().strip_suffix(":reversal") else { return false };
        let whole = stem.rsplit_once(':').map_or(stem, |(whole, _)| whole);
        let stem = if self.journals.contains_key(stem) { stem } else { whole };
        let Some(done) = self.journals.get(stem) else { return false };
        let is_part = |key: &str| {
            let rest = key.strip_prefix(stem).and_then(|rest| rest.strip_suffix(":reversal"));
            let given = rest.map(|rest| rest.strip_prefix(':').unwrap_or(rest));
            given.is_some_and(|given| given.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let parts: Vec<_> =
            self.journals.iter().filter(|(key, _)| is_part(key)).map(|(_, part)| part).collect();
        let count = done.legs.len();
        let fits = |(leg, done): (usize, &Transfer)| {
            let all = parts.iter().copied().chain([journal]);
            let back = all.filter_map(|part| part.legs.get(count - 1 - leg));
            back.map(|back| back.amount.get()).sum::<i64>() <= done.amount.get()
        };
        customer(done) == customer(journal)
            && count == journal.legs.len()
            && done.legs.iter().enumerate().all(fits)
    }

    /// The movement that resolved the hold of the order that `journal` follows, if `kind` did.
    fn ended_as(&self, journal: &Journal, kind: JournalKind) -> Option<&Transfer> {
        let resolve = self.journals.get(&format!("{}resolve", stem(journal)?))?;
        resolve.legs.first().filter(|_| resolve.kind == kind)
    }

    /// Whether the order earned what `journal` and those before it give back.
    fn was_earned(&self, journal: &Journal) -> bool {
        let Some(earned) = self.ended_as(journal, JournalKind::OrderCapture) else { return false };
        let all = self.journals.values().chain([journal]);
        let given = all
            .filter(|one| one.kind == JournalKind::OrderCompensation && stem(one) == stem(journal))
            .flat_map(|one| &one.legs)
            .map(|leg| leg.amount.get());
        earned.from.wallet() == customer(journal) && given.sum::<i64>() <= earned.amount.get()
    }

    fn shift(&mut self, transfer: &Transfer) -> Result<Option<(UserId, Wallet)>, PostError> {
        let Some(user) = transfer.from.wallet().or(transfer.to.wallet()) else { return Ok(None) };
        let wallet = self.wallets.get_mut(&user);
        let wallet =
            wallet.ok_or_else(|| PostError::Forbidden(format!("customer {user} has no wallet")))?;
        let amount = transfer.amount;
        let short = PostError::InsufficientFunds;
        let full = || PostError::Forbidden(format!("the wallet of customer {user} overflows"));
        match transfer.from {
            Account::Available(_) => {
                wallet.available = wallet.available.minus(amount).ok_or(short)?;
            }
            Account::Held(_) => wallet.held = wallet.held.minus(amount).ok_or(short)?,
            Account::Debt(_) => wallet.debt = wallet.debt.plus(amount).ok_or_else(full)?,
            _ => {}
        }
        match transfer.to {
            Account::Available(_) => {
                wallet.available = wallet.available.plus(amount).ok_or_else(full)?;
            }
            Account::Held(_) => wallet.held = wallet.held.plus(amount).ok_or_else(full)?,
            Account::Debt(_) => wallet.debt = wallet.debt.minus(amount).ok_or_else(full)?,
            _ => {}
        }
        Ok(Some((user, *wallet)))
    }
}

/// Whoever owes money or is stopped does not buy.
const fn may_buy(wallet: &Wallet) -> Result<(), PostError> {
    if wallet.frozen {
        return Err(PostError::Frozen);
    }
    if wallet.debt.get() > 0 { Err(PostError::InsufficientFunds) } else { Ok(()) }
}

/// Whose wallet a journal moves.
fn customer(journal: &Journal) -> Option<UserId> {
    journal.legs.iter().find_map(|leg| leg.from.wallet().or(leg.to.wallet()))
}

/// The part of a key that names the attempt of an order, such as `order:7:1:`.
fn stem(journal: &Journal) -> Option<&str> {
    let key = journal.key.as_str();
    let (end, _) = key.match_indices(':').nth(2)?;
    key.get(..=end)
}
