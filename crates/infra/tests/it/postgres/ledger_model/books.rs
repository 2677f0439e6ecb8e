//! The real ledger, asked for the same steps, and what it says that it holds.

use std::{collections::BTreeMap, slice};

use domain::{
    ids::{OrderId, ProviderId, UserId},
    ledger::{
        Freeze, FreezeCause, Gateway, Journal, JournalKind, LedgerQueries, LedgerRepo,
        LedgerUpkeep, PostError, Posted,
        adjust::{Change, Proposal},
        chart::{self, OrderMoney},
        statement::StatementLine,
        treasury::Decision,
    },
    money::{Amount, Cost, Currency, Money},
    store::{ATTEMPTS, Store, StoreError, UnitOfWork, retrying},
};
use infra::{crypto::Sealer, postgres::Postgres};
use sqlx::{PgPool, postgres::PgPoolOptions};
use testkit::Outcome;

use super::{
    clean,
    command::{Deed, Verb},
    model::{Answer, Line, correction},
};

/// Lines of a page: few, so that histories have several.
const PAGE: u32 = 7;

/// One case's part of a ledger that many cases share, as a real one is shared by customers.
#[derive(Clone)]
pub(super) struct Books {
    store: Postgres,
    pool: PgPool,
    case: i64,
}

impl Books {
    /// Uses `connections` of its own to the database of `pool`.
    pub(super) async fn open(pool: &PgPool, connections: u32) -> Outcome<Self> {
        let options = PgPoolOptions::new().max_connections(connections);
        // Units that wait for each other are found out at once.
        let server = (*pool.connect_options()).clone().options([("deadlock_timeout", "20ms")]);
        let pool = options.connect_with(server).await?;
        let sealer = Sealer::from_hex(&"5a".repeat(32).into())?;
        Ok(Self { store: Postgres::with_pool(pool.clone(), sealer), pool, case: 1 })
    }

    /// The same ledger for another case.
    pub(super) fn at(&self, case: i64) -> Self {
        Self { case, ..self.clone() }
    }

    pub(super) async fn close(self) {
        self.pool.close().await;
    }

    pub(super) fn store(&self) -> &Postgres {
        &self.store
    }

    /// Takes a step in a unit of its own.
    pub(super) async fn play(&self, deed: &Deed) -> Outcome<Answer> {
        match self.play_together(ATTEMPTS, slice::from_ref(deed)).await? {
            Ok(answers) => Ok(answers.into_iter().next().ok_or("no answer")?),
            Err(refusal) => Ok(refusal),
        }
    }

    /// What the worker does for the ledger, in no unit of ours.
    async fn keep_up(&self, verb: Verb) -> Outcome {
        match verb {
            Verb::RollUp => _ = self.store.roll_up().await?,
            Verb::Audit => {
                let (report, horizon) = self.store.audit_recent().await?;
                self.store.mark_audited(horizon).await?;
                clean(&report)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes all steps in one unit or none, running again while races are lost.
    pub(super) async fn play_together(
        &self,
        attempts: u8,
        deeds: &[Deed],
    ) -> Outcome<Result<Vec<Answer>, Answer>> {
        for deed in deeds {
            self.keep_up(deed.verb).await?;
        }
        let done = retrying(attempts, || async {
            let mut unit = self.store.begin().await?;
            let mut answers = Vec::new();
            for deed in deeds {
                answers.push(self.step(&mut *unit, deed).await?);
            }
            if !deeds.iter().any(|deed| deed.dropped) {
                unit.commit().await?;
            }
            Ok(answers)
        })
        .await;
        Ok(match done {
            Ok(answers) => Ok(answers),
            Err(PostError::InsufficientFunds) => Err(Answer::Short),
            Err(PostError::Frozen) => Err(Answer::Frozen),
            Err(PostError::KeyReused(_)) => Err(Answer::Reused),
            Err(PostError::Forbidden(_)) => Err(Answer::Forbidden),
            // Freezing has no error of its own for a customer without a wallet.
            Err(PostError::Store(StoreError::Internal(_)))
                if deeds.iter().any(|deed| deed.verb == Verb::Freeze) =>
            {
                Err(Answer::Forbidden)
            }
            Err(error) => return Err(format!("{deeds:?}: {error:?}").into()),
        })
    }

    async fn step(
        &self,
        unit: &mut (dyn UnitOfWork + '_),
        deed: &Deed,
    ) -> Result<Answer, PostError> {
        let user = self.user(deed.who);
        let freeze =
            || Freeze { user, cause: FreezeCause::Dispute, reference: deed.what.to_string() };
        match deed.verb {
            Verb::Open => {
                unit.ledger().open_wallet(user).await?;
                Ok(Answer::New)
            }
            Verb::Repay => {
                let paid = unit.ledger().repay_debt(user).await?;
                Ok(Answer::Repaid(paid.map_or(0, Amount::get)))
            }
            Verb::Freeze => Ok(Answer::Done(unit.ledger().freeze(&freeze()).await?)),
            Verb::Unfreeze => Ok(Answer::Done(unit.ledger().unfreeze(&freeze(), "me").await?)),
            Verb::RollUp | Verb::Audit => Ok(Answer::Done(true)),
            Verb::Propose => {
                let Some(proposal) = self.proposal(&correction(deed)) else {
                    return Ok(Answer::Done(false));
                };
                Ok(Answer::Done(unit.ledger().propose_adjustment(&proposal).await?))
            }
            Verb::Approve => approve(unit.ledger(), &self.reference(deed)).await,
            Verb::Credit | Verb::Deduct => {
                let Some(proposal) = self.proposal(deed) else { return Ok(Answer::Done(false)) };
                unit.ledger().propose_adjustment(&proposal).await?;
                approve(unit.ledger(), &proposal.reference).await
            }
            _ => match self.journal(deed) {
                Some(journal) => post(unit.ledger(), &journal).await,
                None => Ok(Answer::Done(false)),
            },
        }
    }

    /// What somebody else has to approve.
    fn proposal(&self, deed: &Deed) -> Option<Proposal> {
        Some(Proposal {
            reference: self.reference(deed),
            user: self.user(deed.who),
            change: if deed.verb == Verb::Deduct { Change::Take } else { Change::Give },
            amount: Amount::new(deed.units)?,
            operator: "operator".to_owned(),
            reason: "a step of a case".to_owned(),
        })
    }

    fn reference(&self, deed: &Deed) -> String {
        format!("{}-{}", self.case, deed.what)
    }

    /// What the domain makes of a step.
    fn journal(&self, deed: &Deed) -> Option<Journal> {
        let Deed { what, .. } = *deed;
        let (user, amount) = (self.user(deed.who), Amount::new(deed.units)?);
        let (gateway, reference) = (Gateway::Stripe, format!("{}-{what}", self.case));
        let usd = if deed.dollars { Amount::new(deed.micros()) } else { None };
        let received = Money {
            currency: if deed.dollars { Currency::Usd } else { Currency::Idr },
            amount: usd.unwrap_or(amount),
        };
        let order = OrderId::new(self.order(what));
        let money = OrderMoney { order, attempt: 1, user, price: amount, currency: Currency::Idr };
        let (provider, cost) = (self.provider(what), Cost::from_micros(deed.cost())?);
        Some(match deed.verb {
            Verb::TopUp => chart::topup(gateway, (&reference, None), user, amount, received),
            Verb::Part => {
                chart::topup(gateway, (&reference, Some(deed.units)), user, amount, received)
            }
            Verb::Hold => money.hold(),
            Verb::Capture => money.capture(provider, cost),
            Verb::Release => money.release(),
            Verb::Late => return chart::late_sms(money, provider, cost),
            Verb::Compensate => chart::compensation(money, &deed.part().to_string(), amount),
            Verb::Refund => chart::topup_refund(gateway, &reference, user, amount, usd),
            Verb::RefundBack => {
                chart::topup_refund_reversal(gateway, (&reference, 0), user, amount, usd)
            }
            Verb::Clawback => chart::clawback(gateway, &reference, user, amount, usd),
            Verb::ClawbackBack => {
                chart::clawback_reversal(gateway, (&reference, 0), user, amount, usd)
            }
            Verb::Settle => {
                let net = Money { currency: received.currency, amount };
                chart::settlement(gateway, &reference, net, Amount::new(deed.part()))
            }
            Verb::Fund => chart::funding(self.provider(deed.who), &reference, amount),
            _ => return None,
        })
    }

    /// What every account of the case holds; those that all cases share, as they are.
    pub(super) async fn sums(&self) -> Outcome<BTreeMap<String, i64>> {
        let rows: Vec<(String, i64, String, i64)> = sqlx::query_as(
            "SELECT class, owner, currency, balance FROM ledger.balances
             WHERE owner <= 1 OR owner BETWEEN $1 AND $1 + 9",
        )
        .bind(self.base())
        .fetch_all(&self.pool)
        .await?;
        let name = |(class, owner, currency, balance): (String, i64, String, i64)| {
            let owner = if owner > 1 { owner - self.base() } else { owner };
            (format!("{class}:{owner}:{currency}"), balance)
        };
        Ok(rows.into_iter().map(name).collect())
    }

    /// What the wallets of the case hold, and whether their customers may not buy.
    pub(super) async fn wallets(&self) -> Outcome<BTreeMap<i64, ([i64; 3], bool)>> {
        let rows: Vec<(i64, i64, i64, i64, bool)> = sqlx::query_as(
            "SELECT user_id, available, held, debt, frozen FROM ledger.wallets
             WHERE user_id BETWEEN $1 AND $1 + 9",
        )
        .bind(self.base())
        .fetch_all(&self.pool)
        .await?;
        let wallet = |(user, available, held, debt, frozen)| {
            (user - self.base(), ([available, held, debt], frozen))
        };
        Ok(rows.into_iter().map(wallet).collect())
    }

    /// The whole history of one customer as the customer is shown it, page by page.
    pub(super) async fn lines(&self, who: i64) -> Outcome<Vec<Line>> {
        let mut lines: Vec<StatementLine> = Vec::new();
        loop {
            let before = lines.last().map(|line| line.seq);
            let page = self.store.statement(self.user(who), before, PAGE).await?;
            if page.is_empty() {
                break;
            }
            lines.extend(page);
        }
        lines.reverse();
        let line = |StatementLine { key, after, .. }: StatementLine| {
            (key, [after.available, after.held, after.debt])
        };
        Ok(lines.into_iter().map(line).collect())
    }

    /// The key as stored of one that the model made.
    pub(super) fn key(&self, key: &str) -> String {
        let (class, rest) = key.split_once(':').unwrap_or((key, ""));
        let (first, rest) = rest.split_once(':').unwrap_or((rest, ""));
        let number = |text: &str| text.parse::<i64>().unwrap_or_default();
        match class {
            "order" => format!("order:{}:1:{rest}", self.order(number(first))),
            "debt" => format!("debt:{}:{rest}", self.user(number(first))),
            "adjustment" => format!("adjustment:{}-{first}", self.case),
            "funding" => format!("funding:{}:{}-{rest}", self.provider(number(first)), self.case),
            _ => format!("{class}:{first}:{}-{rest}", self.case),
        }
    }

    fn user(&self, who: i64) -> UserId {
        UserId::new(self.base() + who)
    }

    /// Numbers of providers and customers may be the same.
    fn provider(&self, number: i64) -> ProviderId {
        ProviderId::new(self.base() + number % 2)
    }

    const fn order(&self, what: i64) -> i64 {
        self.case * 100 + what
    }

    const fn base(&self) -> i64 {
        self.case * 10
    }
}

async fn approve(ledger: &mut dyn LedgerRepo, reference: &str) -> Result<Answer, PostError> {
    let (posted, _) = ledger.approve_adjustment(reference, "approver").await?;
    Ok(if posted == Posted::New { Answer::New } else { Answer::Already })
}

async fn post(ledger: &mut dyn LedgerRepo, journal: &Journal) -> Result<Answer, PostError> {
    if ledger.post(journal).await? == Posted::Already {
        return Ok(Answer::Already);
    }
    let by_hand = [
        JournalKind::GatewaySettlement,
        JournalKind::ProviderFunding,
        JournalKind::OrderCompensation,
    ];
    if by_hand.contains(&journal.kind) {
        let (operator, reason) = ("operator".to_owned(), "a step of a case".to_owned());
        let decision = Decision { operator, reason, reference: journal.key.to_string() };
        ledger.note_decision(&journal.key, &decision).await?;
    }
    Ok(Answer::New)
}
