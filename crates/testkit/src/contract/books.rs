//! What people decide, what they are shown, and what keeps the books small and watched.

use std::time::Duration;

use domain::{
    ids::{OrderId, UserId},
    ledger::{
        Freeze, FreezeCause, Gateway, JournalKind, PostError, Posted,
        adjust::{Change, Proposal},
        chart,
        treasury::Decision,
        vitals::Waiting,
    },
    money::{Currency, Money},
    store::{Store, retrying},
};
use futures_util::future::join_all;

use super::{
    Backend,
    stage::{
        COST_MICROS, PERSISTENT, PRICE, Stage, amount, assert_clean, customer, decide, external,
        post, proposal, wallet,
    },
};
use crate::{Outcome, start_of_time};

async fn propose<B: Backend>(store: &B, proposal: &Proposal) -> Result<bool, PostError> {
    retrying(PERSISTENT, || async {
        let mut unit = Store::begin(store).await?;
        let is_new = unit.ledger().propose_adjustment(proposal).await?;
        unit.commit().await?;
        Ok(is_new)
    })
    .await
}

async fn approve<B: Backend>(
    store: &B,
    reference: &str,
    approver: &str,
) -> Result<(Posted, UserId), PostError> {
    retrying(PERSISTENT, || async {
        let mut unit = Store::begin(store).await?;
        let done = unit.ledger().approve_adjustment(reference, approver).await?;
        unit.commit().await?;
        Ok(done)
    })
    .await
}

/// One person proposes, somebody else approves, and only then money moves, once.
pub async fn moves_nothing_before_a_second_person_approves<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let asked = proposal("case 7", user, Change::Give, amount(70)?);
    assert!(propose(store, &asked).await?);
    assert!(!propose(store, &asked).await?);
    let other = Proposal { amount: amount(71)?, ..asked.clone() };
    assert!(matches!(propose(store, &other).await, Err(PostError::KeyReused(_))));
    assert_eq!(wallet(store, user).await?, (0, 0));
    for (reference, approver) in
        [("case 7", "operator"), ("case 7", " Operator "), ("case 8", "approver")]
    {
        let refused = approve(store, reference, approver).await;
        assert!(matches!(refused, Err(PostError::Forbidden(_))), "{refused:?}");
    }
    assert_eq!(approve(store, "case 7", "approver").await?, (Posted::New, user));
    assert_eq!(approve(store, "case 7", "another").await?, (Posted::Already, user));
    assert_eq!(wallet(store, user).await?, (70, 0));
    let stranger = proposal("case 9", UserId::new(4_711), Change::Give, amount(1)?);
    assert!(propose(store, &stranger).await.is_err());
    assert_clean(store).await
}

/// However many approve at once, the money moves once.
pub async fn approves_once_for_many_who_approve_at_once<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    propose(store, &proposal("case 7", user, Change::Give, amount(70)?)).await?;
    let names: Vec<_> = (0..6).map(|number| format!("approver {number}")).collect();
    let mut fresh = 0;
    for answer in join_all(names.iter().map(|name| approve(store, "case 7", name))).await {
        fresh += u32::from(answer?.0 == Posted::New);
    }
    assert_eq!((fresh, wallet(store, user).await?), (1, (70, 0)));
    assert_clean(store).await
}

/// A correction that takes does not take what is held, and nothing when there is too little.
pub async fn takes_money_only_where_there_is_some<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, PRICE + 10).await?;
    stage.reserved().await?;
    for (reference, units) in [("too much", 11), ("all", 10)] {
        propose(store, &proposal(reference, stage.user, Change::Take, amount(units)?)).await?;
    }
    let refused = approve(store, "too much", "approver").await;
    assert!(matches!(refused, Err(PostError::InsufficientFunds)), "{refused:?}");
    assert_eq!(approve(store, "all", "approver").await?, (Posted::New, stage.user));
    assert_eq!(stage.wallet().await?, (0, PRICE));
    assert_clean(store).await
}

/// What waits comes before what is settled.
pub async fn lists_what_waits_for_approval_first<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let first = proposal("first", user, Change::Give, amount(70)?);
    let second = proposal("second", user, Change::Take, amount(7)?);
    propose(store, &first).await?;
    propose(store, &second).await?;
    approve(store, "first", "approver").await?;
    let listed = store.proposals(10).await?;
    let shown: Vec<_> = listed
        .iter()
        .map(|it| (&it.proposal, it.approved.as_ref().map(|(by, _)| by.as_str())))
        .collect();
    assert_eq!(shown, [(&second, None), (&first, Some("approver"))]);
    assert_eq!(store.proposals(1).await?.len(), 1);
    Ok(())
}

/// Payouts, funding and compensations do not commit unless somebody put their name to them.
pub async fn refuses_money_moved_by_hand_without_a_word<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, PRICE).await?;
    let order = stage.delivered(stage.active("1").await?).await?;
    let net = Money { currency: Currency::Idr, amount: amount(970)? };
    for journal in [
        chart::settlement(Gateway::Stripe, "po_1", net, None),
        chart::funding(stage.provider, "tx_1", amount(5)?),
        chart::compensation(order.money(), "case 7", amount(PRICE)?),
        chart::deduction("case 8", stage.user, amount(1)?),
    ] {
        assert!(post(store, &journal).await.is_err(), "{journal:?}");
    }
    let mut unit = store.begin().await?;
    let funding = chart::funding(stage.provider, "tx_1", amount(5)?);
    unit.ledger().post(&funding).await?;
    let decision = Decision {
        operator: "operator".to_owned(),
        reason: "a transfer".to_owned(),
        reference: "tx_1".to_owned(),
    };
    unit.ledger().note_decision(&funding.key, &decision).await?;
    unit.commit().await?;
    assert_eq!(post(store, &funding).await?, Posted::Already);
    assert_eq!(stage.wallet().await?, (0, 0));
    assert_clean(store).await
}

/// The newest movement first, each with what the wallet held afterwards, page by page.
pub async fn shows_every_movement_of_a_wallet_once<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 3 * PRICE).await?;
    let order = stage.delivered(stage.active("1").await?).await?;
    post(store, &chart::clawback(Gateway::Stripe, "dp_1", stage.user, amount(7)?, None)).await?;
    let mut shown = Vec::new();
    let mut before = None;
    loop {
        let page = store.statement(stage.user, before, 3).await?;
        let Some(last) = page.last() else { break };
        before = Some(last.seq);
        shown.extend(page);
    }
    let kinds: Vec<_> = shown.iter().map(|line| (line.seq, line.kind)).collect();
    let expected = [
        (4, JournalKind::Clawback),
        (3, JournalKind::OrderCapture),
        (2, JournalKind::OrderDebit),
        (1, JournalKind::Adjustment),
    ];
    assert_eq!(kinds, expected);
    let standing = |seq: i64| {
        let line = shown.iter().find(|line| line.seq == seq);
        line.map(|line| (line.amount, line.after.available, line.after.held, line.after.debt))
    };
    assert_eq!(standing(4), Some((7, 2 * PRICE, 0, 7)));
    assert_eq!(standing(2), Some((PRICE, 2 * PRICE, PRICE, 0)));
    assert!(shown.iter().any(|line| line.key == format!("order:{}:1:resolve", order.id)));
    let other = customer(store, "b@example.com", 0).await?;
    assert_eq!(store.statement(other, None, 3).await?, []);
    Ok(())
}

/// A debt is found once there is something to pay it with.
pub async fn finds_debts_that_can_be_paid<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, PRICE).await?;
    let order = stage.active("1").await?;
    post(store, &chart::clawback(Gateway::Stripe, "dp_1", stage.user, amount(7)?, None)).await?;
    assert_eq!(store.payable_debts(10).await?, []);
    stage.canceled(order).await?;
    assert_eq!(store.payable_debts(10).await?, [stage.user]);
    assert_eq!(store.payable_debts(0).await?, []);
    let mut unit = store.begin().await?;
    unit.ledger().repay_debt(stage.user).await?;
    unit.commit().await?;
    assert_eq!(store.payable_debts(10).await?, []);
    super::payback::assert_clean(store).await
}

/// Sums follow from the movements whenever and however often they are added up.
pub async fn adds_up_each_movement_once<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 3 * PRICE).await?;
    let mut expected = 0;
    for number in 1..=3 {
        stage.delivered(stage.active(&number.to_string()).await?).await?;
        expected += PRICE;
        join_all((0..3).map(|_| store.roll_up()))
            .await
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        let lines = store.trial_balance().await?;
        let of = |class: &str| -> i64 {
            lines.iter().filter(|line| line.class == class).map(|line| line.balance).sum()
        };
        assert_eq!((of("revenue"), of("held")), (expected, 0));
        assert_eq!(of("adjustment") + of("available") + of("revenue"), 0);
        assert_eq!(of("provider_expense") + of("provider_prepaid"), 0);
        assert_clean(store).await?;
    }
    Ok(())
}

/// Movements are looked at again until they are noted as audited, and then never again.
pub async fn audits_what_is_new_until_it_is_noted<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 2 * PRICE).await?;
    stage.delivered(stage.active("1").await?).await?;
    for _ in 0..2 {
        let (report, _) = store.audit_recent().await?;
        assert_eq!(report.findings, []);
    }
    let (_, horizon) = store.audit_recent().await?;
    store.mark_audited(horizon).await?;
    stage.canceled(stage.active("2").await?).await?;
    let (report, next) = store.audit_recent().await?;
    assert_eq!(report.findings, []);
    assert!(next >= horizon, "the horizon never moves back");
    store.mark_audited(next).await?;
    // An older horizon, told late, changes nothing.
    store.mark_audited(horizon).await?;
    assert!(store.audit_recent().await?.1 >= next);
    assert_clean(store).await
}

/// Holds, debts, freezes, open proposals, and what others hold for us.
pub async fn tells_what_should_come_to_an_end<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 4 * PRICE).await?;
    let (now, patience) = (start_of_time() + Duration::from_hours(1), Duration::from_mins(10));
    let quiet = store.vitals(now, patience).await?;
    assert_eq!((quiet.holds, quiet.debts, quiet.frozen), (Waiting::default(), (0, 0), 0));
    stage.reserved_at(start_of_time()).await?;
    stage.reserved_at(now).await?;
    stage.active("1").await?;
    let other = customer(store, "b@example.com", 0).await?;
    let received = Money { currency: Currency::Idr, amount: amount(500)? };
    let paid = chart::topup(Gateway::Stripe, ("pay_1", None), other, received.amount, received);
    post(store, &paid).await?;
    post(store, &chart::clawback(Gateway::Stripe, "dp_1", other, amount(600)?, None)).await?;
    let net = Money { currency: Currency::Idr, amount: amount(100)? };
    decide(store, &chart::settlement(Gateway::Stripe, "po_1", net, None)).await?;
    decide(store, &chart::funding(stage.provider, "tx_1", amount(5_000_000)?)).await?;
    propose(store, &proposal("case 7", other, Change::Give, amount(70)?)).await?;
    let mut unit = store.begin().await?;
    let reference = "dp_1".to_owned();
    unit.ledger().freeze(&Freeze { user: other, cause: FreezeCause::Dispute, reference }).await?;
    unit.commit().await?;
    // One that an order owns, and one that nobody does.
    for id in ["1", "9"] {
        store.note_orphan(stage.provider, &external(id)?, now - patience).await?;
    }
    let vitals = store.vitals(now, patience).await?;
    let strangers: Vec<_> = vitals.strangers.iter().map(|(_, it)| *it).collect();
    assert_eq!(strangers, [Waiting { count: 1, since: Some(now - patience) }]);
    assert_eq!(vitals.unannounced.iter().map(|(_, count)| count).sum::<i64>(), 0);
    assert_eq!(vitals.holds, Waiting { count: 3, since: Some(start_of_time()) });
    assert_eq!(vitals.stuck_reserving, Waiting { count: 1, since: Some(start_of_time()) });
    assert_eq!(vitals.overdue.count, 1);
    assert_eq!((vitals.debts, vitals.frozen, vitals.proposals.count), ((1, 600), 1, 1));
    let clearing: Vec<_> = vitals.clearing.iter().map(|it| (it.currency, it.unsettled)).collect();
    assert_eq!(clearing, [(Currency::Idr, 500 - 600 - 100)]);
    let prepaid = vitals.prepaid.iter().find(|it| it.provider == stage.provider);
    let prepaid = prepaid.ok_or("the provider's account")?;
    assert_eq!((prepaid.booked, prepaid.running), (5_000_000, COST_MICROS));
    assert!(prepaid.funded);
    Ok(())
}

/// L20: money of no value stays in wallets of its own, and its currency adds up by itself.
pub async fn keeps_test_money_apart<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, PRICE).await?;
    let mut unit = store.begin().await?;
    let account = unit.identity().test_account(stage.user, start_of_time()).await?;
    for _ in 0..2 {
        unit.ledger().open_test_wallet(account).await?;
        unit.ledger().post(&chart::test_credit(account, amount(500)?)).await?;
    }
    unit.commit().await?;
    assert_eq!(wallet(store, account).await?, (500, 0));
    assert_eq!(store.currency(account).await?, Currency::Xts);
    assert_eq!(store.currency(stage.user).await?, Currency::Idr);
    let price = amount(5)?;
    let money = |user, currency| chart::OrderMoney {
        order: OrderId::new(77),
        attempt: 1,
        user,
        price,
        currency,
    };
    for (user, currency) in [(account, Currency::Idr), (stage.user, Currency::Xts)] {
        let refused = post(store, &money(user, currency).hold()).await;
        assert!(matches!(refused, Err(PostError::Forbidden(_))), "{refused:?}");
    }
    let refused = post(store, &chart::test_credit(stage.user, amount(1)?)).await;
    assert!(matches!(refused, Err(PostError::Forbidden(_))), "{refused:?}");
    let paid = chart::topup(
        Gateway::Stripe,
        ("pi_1", None),
        account,
        amount(10)?,
        Money { currency: Currency::Idr, amount: amount(10)? },
    );
    assert!(post(store, &paid).await.is_err());
    let lines = store.trial_balance().await?;
    let of = |currency: Currency| {
        let lines = lines.iter().filter(move |line| line.currency == currency.code());
        lines.map(|line| (line.class.as_str(), line.balance)).collect::<Vec<_>>()
    };
    let test: Vec<_> = of(Currency::Xts).into_iter().filter(|(_, sum)| *sum != 0).collect();
    assert_eq!(test, [("available", 500), ("test_money", -500)]);
    assert_eq!(of(Currency::Idr).iter().map(|(_, sum)| sum).sum::<i64>(), 0);
    assert_clean(store).await
}
