//! What one step may be, and how lists of steps are made up.

use proptest::{bool::weighted, collection::vec, prelude::*, sample::select};

use super::model::{Answer, Model};

/// What a step does; the other fields of [`Deed`] say to whom, which and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verb {
    Open,
    TopUp,
    /// A further part of a payment.
    Part,
    Hold,
    Capture,
    Release,
    Late,
    Compensate,
    Refund,
    RefundBack,
    Clawback,
    ClawbackBack,
    Repay,
    Freeze,
    Unfreeze,
    Credit,
    Deduct,
    Settle,
    Fund,
    /// A correction that waits for a second person.
    Propose,
    Approve,
    /// Adds up the accounts that no row carries.
    RollUp,
    /// Proves what moved since the last time.
    Audit,
}

/// One step as it is asked of both the ledger and the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deed {
    pub(super) verb: Verb,
    /// Which customer, provider or cause.
    pub(super) who: i64,
    /// Which order, payment, dispute or reference.
    pub(super) what: i64,
    /// How much.
    pub(super) units: i64,
    /// Whether the gateway counts in dollars.
    pub(super) dollars: bool,
    /// Whether the unit is dropped instead of committed.
    pub(super) dropped: bool,
}

impl Deed {
    /// What the gateway moves for it, in millionths of a dollar.
    pub(super) const fn micros(&self) -> i64 {
        self.units * 61
    }

    /// What the number of its order costs; every fourth one is free.
    pub(super) const fn cost(&self) -> i64 {
        (self.what % 4) * 300
    }

    /// The name of what is undone or explained within its class.
    pub(super) const fn part(&self) -> i64 {
        self.units % 3
    }
}

/// A step that still has to be seen against those before it.
#[derive(Debug, Clone)]
pub(super) enum Command {
    Do(Deed),
    /// The same as an earlier one.
    Again(usize),
    /// The key of an earlier one with another amount.
    Twist(usize),
}

/// How often each is drawn; the first is what others shrink to.
const WEIGHTS: &[(u32, Verb)] = &[
    (1, Verb::Open),
    (6, Verb::TopUp),
    (2, Verb::Part),
    (10, Verb::Hold),
    (6, Verb::Capture),
    (4, Verb::Release),
    (3, Verb::Late),
    (5, Verb::Compensate),
    (3, Verb::Refund),
    (2, Verb::RefundBack),
    (2, Verb::Clawback),
    (2, Verb::ClawbackBack),
    (4, Verb::Repay),
    (2, Verb::Freeze),
    (2, Verb::Unfreeze),
    (2, Verb::Credit),
    (2, Verb::Deduct),
    (1, Verb::Settle),
    (1, Verb::Fund),
    (2, Verb::Propose),
    (2, Verb::Approve),
    (2, Verb::RollUp),
    (1, Verb::Audit),
];

/// Those whose effects add up to the same whatever comes first.
pub(super) const COMMUTATIVE: &[(u32, Verb)] = &[
    (6, Verb::TopUp),
    (3, Verb::Part),
    (3, Verb::Clawback),
    (2, Verb::Credit),
    (1, Verb::Settle),
    (1, Verb::Fund),
    (2, Verb::RollUp),
];

/// Lists of up to `longest` steps of every kind.
pub(super) fn commands(longest: usize) -> impl Strategy<Value = Vec<Command>> {
    let again = any::<prop::sample::Index>().prop_map(|index| Command::Again(index.index(64)));
    let twist = any::<prop::sample::Index>().prop_map(|index| Command::Twist(index.index(64)));
    let step = prop_oneof![
        8 => deed(WEIGHTS, 0.1).prop_map(Command::Do),
        1 => again,
        1 => twist,
    ];
    vec(step, 1..=longest)
}

/// Lists of steps whose order does not matter. A key may come again, always with equal content.
pub(super) fn commutative(longest: usize) -> impl Strategy<Value = Vec<Deed>> {
    let settled = |deed: Deed| {
        let units = deed.what * 7 + 1;
        Deed { units, who: deed.what % 3, dollars: deed.what % 2 == 0, ..deed }
    };
    vec(deed(COMMUTATIVE, 0.0).prop_map(settled), 1..=longest)
}

fn deed(weights: &[(u32, Verb)], drops: f64) -> impl Strategy<Value = Deed> + use<> {
    let drawn = weights.iter().flat_map(|(weight, verb)| (0..*weight).map(|_| *verb));
    let verbs: Vec<Verb> = drawn.collect();
    let customers = select(vec![0_i64, 0, 0, 0, 1, 1, 1, 2, 2, 3]);
    let fields = (customers, 0..9_i64, 1..=100_i64, weighted(0.3), weighted(drops));
    (select(verbs), fields).prop_map(|(verb, (who, what, units, dollars, dropped))| Deed {
        verb,
        who,
        what,
        // More comes in than goes out, or most purchases would be refused.
        units: match verb {
            Verb::TopUp => units * 5,
            Verb::Hold | Verb::Clawback | Verb::Refund | Verb::Deduct => units / 4 + 1,
            _ => units,
        },
        dollars,
        dropped,
    })
}

/// Turns commands into steps: what ends, undoes or follows something refers to it.
pub(super) fn resolve(commands: &[Command]) -> Vec<Deed> {
    // Three of the four customers have a wallet from the start, and two of them have money.
    let mut deeds: Vec<Deed> = (0..3).map(opening).collect();
    let first = |who| Deed { verb: Verb::TopUp, what: 10 + who, units: 300, ..opening(who) };
    deeds.extend((0..2).map(first));
    let mut model = Model::default();
    let mut done: Vec<Deed> = Vec::new();
    for deed in &deeds {
        model.play(deed);
    }
    for command in commands {
        let deed = match command {
            // Most steps refer to what was done, some to what was refused.
            Command::Do(deed) if deed.units % 8 > 0 => linked(&done, deed),
            Command::Do(deed) => linked(&deeds, deed),
            Command::Again(back) => Deed { dropped: false, ..earlier(&deeds, *back).clone() },
            Command::Twist(back) => {
                let deed = earlier(&deeds, *back);
                Deed { dropped: false, units: deed.units + 3, ..deed.clone() }
            }
        };
        if !deed.dropped && matches!(model.play(&deed), Answer::New | Answer::Done(true)) {
            done.push(deed.clone());
        }
        deeds.push(deed);
    }
    deeds
}

/// The step that opens a wallet.
pub(super) const fn opening(who: i64) -> Deed {
    Deed { verb: Verb::Open, who, what: 0, units: 1, dollars: false, dropped: false }
}

fn earlier(deeds: &[Deed], back: usize) -> &Deed {
    &deeds[deeds.len() - 1 - back % deeds.len()]
}

fn linked(deeds: &[Deed], deed: &Deed) -> Deed {
    let first = match deed.verb {
        Verb::Capture | Verb::Release => Verb::Hold,
        Verb::Late => Verb::Release,
        Verb::Compensate => Verb::Capture,
        Verb::RefundBack => Verb::Refund,
        Verb::ClawbackBack => Verb::Clawback,
        Verb::Approve => Verb::Propose,
        _ => return deed.clone(),
    };
    let tried: Vec<&Deed> = deeds.iter().filter(|other| other.verb == first).collect();
    let place = usize::try_from(deed.units).ok().and_then(|n| n.checked_rem(tried.len()));
    let Some(other) = place.map(|place| tried[place]) else { return deed.clone() };
    let units = match deed.verb {
        Verb::Compensate => 1 + deed.units % (1 + other.units / 2),
        Verb::RefundBack | Verb::ClawbackBack if deed.units % 4 == 1 => other.units + 1,
        Verb::RefundBack | Verb::ClawbackBack if deed.units % 4 == 3 => deed.units,
        _ => other.units,
    };
    Deed { who: other.who, what: other.what, dollars: other.dollars, units, ..deed.clone() }
}
