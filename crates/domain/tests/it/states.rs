//! Every transition from every state.

use std::time::Duration;

use domain::{
    ids::{CatalogProductId, ExternalId, OrderId, ProductId, ProviderId, UserId},
    money::{Amount, Cost},
    orders::{
        Capabilities, Delivery, FailReason, IllegalTransition, Lease, Order, OrderState, Quote,
        Status,
    },
    providers::{PhoneNumber, SmsText},
    time::Timestamp,
};
use testkit::{Outcome, start_of_time};

fn at(seconds: u64) -> Timestamp {
    start_of_time() + Duration::from_secs(seconds)
}

/// Bought at 0, cancelable from 20, over at 120.
fn lease() -> Outcome<Lease> {
    Ok(Lease {
        external_id: ExternalId::parse("1").ok_or("an id")?,
        phone: PhoneNumber::parse("6281234567890").ok_or("a number")?,
        activated_at: at(0),
        expires_at: at(120),
        cancel_from: at(20),
        resend_from: None,
    })
}

fn quote() -> Quote {
    Quote {
        provider: ProviderId::new(1),
        service: "wa".to_owned(),
        country: "6".to_owned(),
        cost: Cost::default(),
        again: None,
    }
}

fn order(status: Status) -> Outcome<Order> {
    let lease = lease()?;
    let mut delivered = lease.clone();
    delivered.resend_from = Some(at(30));
    let delivery = Delivery {
        revision: 1,
        code: Some("1234".into()),
        text: Some(SmsText::new("Your code is 1234")),
        first_at: at(30),
    };
    let state = match status {
        Status::Reserving => OrderState::Reserving { attempted_at: at(0) },
        Status::Active => OrderState::Active { lease },
        Status::OtpReceived => OrderState::Delivered { lease: delivered, delivery },
        Status::Completed => OrderState::Completed { lease: delivered, delivery },
        Status::Canceled => OrderState::Canceled { lease, at: at(40) },
        Status::Expired => OrderState::Expired { lease },
        Status::Failed => OrderState::Failed { reason: FailReason::NoOffer },
    };
    Ok(Order {
        id: OrderId::new(1),
        user: UserId::new(1),
        product: ProductId::new(1),
        catalog_product: CatalogProductId::new(1),
        carrier: None,
        attempt: 1,
        price: Amount::new(30).ok_or("a price")?,
        quote: quote(),
        state,
        upstream_open: false,
        created_at: at(0),
        changed_at: at(0),
    })
}

type Step = fn(Order, Timestamp) -> Outcome<Result<Order, IllegalTransition>>;

/// The name in errors, the step, and where it leads from each state that allows it.
type Row = (&'static str, Step, &'static [(Status, Status)]);

const STEPS: [Row; 8] = [
    (
        "offered elsewhere",
        |order, at| {
            let price = Amount::new(50).ok_or("a price")?;
            Ok(order.reoffer(ProductId::new(2), price, quote(), at))
        },
        &[(Status::Reserving, Status::Reserving)],
    ),
    (
        "activated",
        |order, at| Ok(order.activate(lease()?, at)),
        &[(Status::Reserving, Status::Active)],
    ),
    (
        "failed",
        |order, at| Ok(order.fail(FailReason::Provider, at)),
        &[(Status::Reserving, Status::Failed)],
    ),
    (
        "delivered",
        |order, at| Ok(order.receive(SmsText::new("Code 5678"), Some("5678".into()), at)),
        &[(Status::Active, Status::OtpReceived), (Status::OtpReceived, Status::OtpReceived)],
    ),
    (
        "given a text",
        |order, at| Ok(order.retext(SmsText::new("whole text"), at)),
        &[(Status::OtpReceived, Status::OtpReceived), (Status::Completed, Status::Completed)],
    ),
    (
        "sent again",
        |order, now| Ok(order.resent(at(999), now)),
        &[(Status::OtpReceived, Status::OtpReceived)],
    ),
    ("completed", |order, at| Ok(order.complete(at)), &[(Status::OtpReceived, Status::Completed)]),
    ("canceled", |order, at| Ok(order.cancel(at)), &[(Status::Active, Status::Canceled)]),
];

#[test]
fn allows_exactly_the_steps_of_the_table() -> Outcome {
    for (name, step, allowed) in STEPS {
        for from in Status::ALL {
            let expected = allowed.iter().find(|(start, _)| *start == from).map(|(_, end)| *end);
            match (step(order(from)?, at(50))?, expected) {
                (Ok(moved), Some(end)) => {
                    assert_eq!(moved.status(), end, "{name} from {from:?}");
                    assert_eq!((moved.changed_at, moved.created_at), (at(50), at(0)), "{name}");
                }
                (Err(refused), None) => {
                    assert_eq!(refused, IllegalTransition { from, step: name });
                }
                (other, _) => return Err(format!("{name} from {from:?}: {other:?}").into()),
            }
        }
    }
    Ok(())
}

#[test]
fn expires_only_what_runs_and_is_over() -> Outcome {
    for from in Status::ALL {
        for (now, over) in [(119, false), (120, true), (500, true)] {
            let expired = order(from)?.expire(at(now));
            if from == Status::Active && over {
                assert_eq!(expired?.status(), Status::Expired);
            } else {
                assert_eq!(expired, Err(IllegalTransition { from, step: "expired" }));
            }
        }
    }
    Ok(())
}

#[test]
fn a_refused_step_names_the_state_it_met() -> Outcome {
    let refused = order(Status::Canceled)?.complete(at(50)).unwrap_err();
    assert_eq!(refused.to_string(), "an order that is Canceled cannot be completed");
    Ok(())
}

#[test]
fn failing_over_counts_the_attempt_and_moves_the_order() -> Outcome {
    let price = Amount::new(50).ok_or("a price")?;
    let dearer = Quote { provider: ProviderId::new(2), ..quote() };
    let before = order(Status::Reserving)?;
    let moved = before.clone().reoffer(ProductId::new(2), price, dearer.clone(), at(7))?;
    assert_eq!((moved.attempt, moved.price, moved.product), (2, price, ProductId::new(2)));
    assert_eq!((&moved.quote, moved.attempted_at()), (&dearer, Some(at(7))));
    assert_ne!(moved.money().hold().key, before.money().hold().key);
    assert_ne!(moved.money().release().key, before.money().release().key);
    assert_eq!(moved.money().release().key, {
        moved.money().capture(ProviderId::new(2), Cost::default()).key
    });
    Ok(())
}

#[test]
fn a_further_message_keeps_the_code_it_does_not_replace() -> Outcome {
    let first = order(Status::Active)?.receive(SmsText::new("a"), Some("1".into()), at(5))?;
    let second = first.clone().receive(SmsText::new("b"), None, at(6))?;
    let third = second.clone().receive(SmsText::new("c"), Some("3".into()), at(7))?;
    let seen: Vec<_> = [first, second, third]
        .iter()
        .filter_map(Order::delivery)
        .map(|d| (d.revision, d.code.clone(), d.shown_text(), d.first_at))
        .collect();
    let (code, text) = (|code: &str| Some(code.into()), |text: &str| Some(text.to_owned()));
    let expected = [
        (1, code("1"), text("a"), at(5)),
        (2, code("1"), text("b"), at(5)),
        (3, code("3"), text("c"), at(5)),
    ];
    assert_eq!(seen, expected);
    Ok(())
}

#[test]
fn the_first_message_opens_the_way_to_a_further_one() -> Outcome {
    let first = order(Status::Active)?.receive(SmsText::new("a"), None, at(5))?;
    assert_eq!(first.lease().and_then(|lease| lease.resend_from), Some(at(5)));
    let asked = first.resent(at(15), at(6))?;
    let second = asked.receive(SmsText::new("b"), None, at(7))?;
    assert_eq!(second.lease().and_then(|lease| lease.resend_from), Some(at(15)));
    Ok(())
}

#[test]
fn money_data_and_lease_exist_where_they_belong() -> Outcome {
    for status in Status::ALL {
        let order = order(status)?;
        let bare = matches!(status, Status::Reserving | Status::Failed);
        assert_eq!(order.lease().is_none(), bare, "{status:?}");
        assert_eq!(status.is_public(), !bare, "{status:?}");
        let delivered = matches!(status, Status::OtpReceived | Status::Completed);
        assert_eq!(order.delivery().is_some(), delivered, "{status:?}");
        assert_eq!(order.attempted_at().is_some(), status == Status::Reserving);
        assert_eq!(Status::parse(&status.as_str().to_lowercase()), Some(status));
    }
    Ok(())
}

/// What a customer may do, as the letters of finish, resend, cancel, replace and reactivate.
fn letters(order: &Order, now: u64) -> String {
    let may = Capabilities::of(order, at(now));
    let flags = [
        (may.can_finish, 'f'),
        (may.can_resend, 's'),
        (may.can_cancel, 'c'),
        (may.can_replace, 'r'),
        (may.can_reactivate, 'a'),
    ];
    flags.iter().filter(|(may, _)| *may).map(|(_, letter)| letter).collect()
}

#[test]
fn capabilities_follow_state_and_time() -> Outcome {
    for status in Status::ALL {
        let order = order(status)?;
        let expected = match status {
            Status::Active => ["", "", "cr", "cr", ""],
            Status::OtpReceived => ["f", "f", "f", "fs", "f"],
            _ => [""; 5],
        };
        // Before and at the end of the minimum time, at the end of the cooldown, at the end.
        let found = [0, 19, 20, 30, 120].map(|now| letters(&order, now));
        assert_eq!(found, expected, "{status:?}");
    }
    Ok(())
}

#[test]
fn capabilities_tell_how_long_to_wait() -> Outcome {
    let active = order(Status::Active)?;
    let early = Capabilities::of(&active, at(19));
    assert_eq!(early.cancel_available_at, Some(at(20)));
    assert_eq!(early.replace_available_at, Some(at(20)));
    assert_eq!(Capabilities::of(&active, at(20)).cancel_available_at, None);
    assert_eq!(Capabilities::of(&active, at(120)).cancel_available_at, None);
    let delivered = order(Status::OtpReceived)?;
    assert_eq!(Capabilities::of(&delivered, at(29)).resend_available_at, Some(at(30)));
    assert_eq!(Capabilities::of(&delivered, at(30)).resend_available_at, None);
    let shown = Capabilities::at_activation(&active);
    assert_eq!((shown.can_cancel, shown.cancel_available_at), (false, Some(at(20))));
    Ok(())
}
