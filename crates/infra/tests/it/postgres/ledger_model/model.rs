//! What the ledger must do, said a second time and as simply as possible: a map of sums, a map of
//! keys, and the rules. Shares nothing with what it judges, not even names of types.

use std::collections::{BTreeMap, BTreeSet};

use super::command::{Deed, Verb};

/// What a step answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    New,
    Already,
    /// How much of a debt was repaid.
    Repaid(i64),
    /// Whether something changed.
    Done(bool),
    Short,
    Frozen,
    Reused,
    Forbidden,
}

impl Answer {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Already => "already",
            Self::Repaid(_) => "repaid",
            Self::Done(_) => "done",
            Self::Short => "short",
            Self::Frozen => "frozen",
            Self::Reused => "reused",
            Self::Forbidden => "forbidden",
        }
    }
}

/// An amount that leaves the first account and enters the second.
type Leg = (String, String, i64);

/// One line of a customer's history: what happened, and what there was afterwards.
pub(super) type Line = (String, [i64; 3]);

#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    /// What entered each account minus what left it.
    pub(super) sums: BTreeMap<String, i64>,
    pub(super) purses: BTreeSet<i64>,
    pub(super) freezes: BTreeSet<(i64, i64)>,
    /// Corrections that were asked for.
    proposals: BTreeMap<i64, Deed>,
    pub(super) lines: BTreeMap<i64, Vec<Line>>,
    journals: BTreeMap<String, (Verb, Vec<Leg>)>,
}

impl Model {
    /// A ledger without customers whose other accounts hold `sums` already.
    pub(super) fn with(sums: BTreeMap<String, i64>) -> Self {
        Self { sums, ..Self::default() }
    }

    /// Takes a step as the ledger should.
    pub(super) fn play(&mut self, deed: &Deed) -> Answer {
        let known = self.purses.contains(&deed.who);
        match deed.verb {
            Verb::Open => {
                self.purses.insert(deed.who);
                Answer::New
            }
            Verb::Repay => self.repay(deed.who),
            Verb::Freeze if known => Answer::Done(self.freezes.insert((deed.who, deed.what))),
            Verb::Freeze => Answer::Forbidden,
            // A number that cost nothing costs nothing late.
            Verb::Late if deed.cost() == 0 => Answer::Done(false),
            Verb::RollUp | Verb::Audit => Answer::Done(true),
            Verb::Propose => self.propose(&correction(deed)),
            Verb::Approve => match self.proposals.get(&deed.what).cloned() {
                Some(proposed) => self.post(&proposed),
                None => Answer::Forbidden,
            },
            Verb::Credit | Verb::Deduct => {
                let before = self.proposals.clone();
                let answer = match self.propose(deed) {
                    Answer::Done(_) => self.post(deed),
                    refusal => refusal,
                };
                // Both happen, or neither.
                if !matches!(answer, Answer::New | Answer::Already) {
                    self.proposals = before;
                }
                answer
            }
            Verb::Unfreeze => Answer::Done(self.freezes.remove(&(deed.who, deed.what))),
            _ => self.post(deed),
        }
    }

    /// What can be spent, what is set aside, and what is owed.
    pub(super) fn purse(&self, who: i64) -> [i64; 3] {
        let owed = self.sum(&format!("debt:{who}:IDR"));
        [self.sum(&format!("available:{who}:IDR")), self.sum(&format!("held:{who}:IDR")), -owed]
    }

    pub(super) fn is_frozen(&self, who: i64) -> bool {
        self.freezes.iter().any(|(frozen, _)| *frozen == who)
    }

    fn propose(&mut self, deed: &Deed) -> Answer {
        let asked = |it: &Deed| (it.verb, it.who, it.units);
        match self.proposals.get(&deed.what) {
            _ if !self.purses.contains(&deed.who) => Answer::Forbidden,
            Some(known) if asked(known) == asked(deed) => Answer::Done(false),
            Some(_) => Answer::Reused,
            None => {
                self.proposals.insert(deed.what, deed.clone());
                Answer::Done(true)
            }
        }
    }

    fn post(&mut self, deed: &Deed) -> Answer {
        let (key, legs) = (key(deed), legs(deed));
        if let Some(known) = self.journals.get(&key) {
            let same = *known == (deed.verb, legs);
            return if same { Answer::Already } else { Answer::Reused };
        }
        let mut after = self.sums.clone();
        for (from, to, amount) in &legs {
            *after.entry(from.clone()).or_default() -= amount;
            *after.entry(to.clone()).or_default() += amount;
        }
        let spent = after.get(&format!("available:{}:IDR", deed.who)).is_some_and(|sum| *sum < 0);
        let moves_purse = !matches!(deed.verb, Verb::Late | Verb::Settle | Verb::Fund);
        if !self.permits(deed) || (moves_purse && !self.purses.contains(&deed.who)) {
            return Answer::Forbidden;
        } else if spent {
            return Answer::Short;
        } else if deed.verb == Verb::Hold && self.is_frozen(deed.who) {
            return Answer::Frozen;
        } else if deed.verb == Verb::Hold && self.purse(deed.who)[2] > 0 {
            return Answer::Short;
        }
        self.sums = after;
        if moves_purse {
            self.write(deed.who, key.clone());
        }
        self.journals.insert(key, (deed.verb, legs));
        Answer::New
    }

    /// Whether what a step ends, undoes or follows is there.
    fn permits(&self, deed: &Deed) -> bool {
        let found = |key: &str| self.journals.get(key);
        let amount = |key: &str| found(key).map_or(0, |(_, legs)| legs[0].2);
        let order = format!("order:{}", deed.what);
        let own = |key: &str, verb: Verb| {
            let from = [format!("held:{}:IDR", deed.who), format!("available:{}:IDR", deed.who)];
            found(key).is_some_and(|(kind, legs)| *kind == verb && from.contains(&legs[0].0))
        };
        match deed.verb {
            Verb::Capture | Verb::Release => {
                let hold = format!("{order}:hold");
                own(&hold, Verb::Hold) && amount(&hold) == deed.units
            }
            Verb::Late => {
                found(&format!("{order}:resolve")).is_some_and(|(verb, _)| *verb == Verb::Release)
            }
            Verb::Compensate => {
                let resolve = format!("{order}:resolve");
                let given: i64 = (0..3).map(|n| amount(&format!("{order}:compensation:{n}"))).sum();
                own(&resolve, Verb::Capture) && given + deed.units <= amount(&resolve)
            }
            Verb::RefundBack | Verb::ClawbackBack => {
                let original = key(deed).replace(":reversal", "");
                let user = found(&original).is_some_and(|(_, legs)| {
                    legs[0].0.ends_with(&format!(":{}:IDR", deed.who))
                        && (legs.len() == 2) == deed.dollars
                });
                user && amount(&original) >= deed.units
            }
            _ => true,
        }
    }

    fn repay(&mut self, who: i64) -> Answer {
        let [available, _, debt] = self.purse(who);
        let paid = available.min(debt);
        if paid > 0 {
            *self.sums.entry(format!("available:{who}:IDR")).or_default() -= paid;
            *self.sums.entry(format!("debt:{who}:IDR")).or_default() += paid;
            let place = self.lines.get(&who).map_or(0, Vec::len) + 1;
            self.write(who, format!("debt:{who}:{place}"));
        }
        Answer::Repaid(paid)
    }

    fn write(&mut self, who: i64, key: String) {
        let after = self.purse(who);
        self.lines.entry(who).or_default().push((key, after));
    }

    fn sum(&self, account: &str) -> i64 {
        self.sums.get(account).copied().unwrap_or_default()
    }
}

/// Which correction a proposal asks for.
pub(super) fn correction(deed: &Deed) -> Deed {
    let verb = if deed.dollars { Verb::Deduct } else { Verb::Credit };
    Deed { verb, dollars: false, ..deed.clone() }
}

/// What makes a step the same step; nothing for one that posts no journal.
pub(super) fn key(deed: &Deed) -> String {
    let Deed { what, who, units, .. } = deed;
    match deed.verb {
        Verb::TopUp => format!("topup:stripe:{what}"),
        Verb::Part => format!("topup:stripe:{what}:{units}"),
        Verb::Hold => format!("order:{what}:hold"),
        Verb::Capture | Verb::Release => format!("order:{what}:resolve"),
        Verb::Late => format!("order:{what}:late"),
        Verb::Compensate => format!("order:{what}:compensation:{}", deed.part()),
        Verb::Refund => format!("refund:stripe:{what}"),
        Verb::RefundBack => format!("refund:stripe:{what}:reversal"),
        Verb::Clawback => format!("clawback:stripe:{what}"),
        Verb::ClawbackBack => format!("clawback:stripe:{what}:reversal"),
        Verb::Credit | Verb::Deduct => format!("adjustment:{what}"),
        Verb::Settle => format!("settlement:stripe:{what}"),
        Verb::Fund => format!("funding:{}:{what}", who % 2),
        _ => String::new(),
    }
}

/// Where the money of a step goes.
fn legs(deed: &Deed) -> Vec<Leg> {
    let Deed { who, units, .. } = *deed;
    let [available, held, debt] = ["available", "held", "debt"].map(|c| format!("{c}:{who}:IDR"));
    let currency = if deed.dollars { "USD" } else { "IDR" };
    let leg = |from: &str, to: &str, amount| vec![(from.to_owned(), to.to_owned(), amount)];
    let inward = || {
        if !deed.dollars {
            return leg("gateway_clearing:1:IDR", &available, units);
        }
        let received = leg("gateway_clearing:1:USD", "liquidity:0:USD", deed.micros());
        [received, leg("liquidity:0:IDR", &available, units)].concat()
    };
    let outward = |from: &str| {
        if !deed.dollars {
            return leg(from, "gateway_clearing:1:IDR", units);
        }
        let sent = leg("liquidity:0:USD", "gateway_clearing:1:USD", deed.micros());
        [leg(from, "liquidity:0:IDR", units), sent].concat()
    };
    let prepaid = format!("provider_prepaid:{}:USD", deed.what % 2);
    match deed.verb {
        Verb::TopUp | Verb::Part | Verb::RefundBack | Verb::ClawbackBack => inward(),
        Verb::Hold => leg(&available, &held, units),
        Verb::Release => leg(&held, &available, units),
        Verb::Capture => {
            let mut legs = leg(&held, "revenue:0:IDR", units);
            if deed.cost() > 0 {
                let spent = format!("provider_expense:{}:USD", deed.what % 2);
                legs.extend(leg(&spent, &prepaid, deed.cost()));
            }
            legs
        }
        Verb::Late => {
            leg(&format!("late_sms_expense:{}:USD", deed.what % 2), &prepaid, deed.cost())
        }
        Verb::Compensate => leg("revenue:0:IDR", &available, units),
        Verb::Refund => outward(&available),
        Verb::Clawback => outward(&debt),
        Verb::Credit => leg("adjustment:0:IDR", &available, units),
        Verb::Deduct => leg(&available, "adjustment:0:IDR", units),
        Verb::Settle => {
            let clearing = format!("gateway_clearing:1:{currency}");
            let mut legs = leg(&format!("bank:0:{currency}"), &clearing, units);
            if deed.part() > 0 {
                let fee = format!("gateway_fee:1:{currency}");
                legs.extend(leg(&fee, &clearing, deed.part()));
            }
            legs
        }
        Verb::Fund => leg(&format!("provider_prepaid:{}:USD", who % 2), "bank:0:USD", units),
        _ => Vec::new(),
    }
}
