use domain::{
    abuse::{Ban, Standing},
    identity::register::AddCustomer,
    ids::OrderId,
    ledger::{
        Freeze, FreezeCause, FreezeInForce, Posted,
        adjust::{Adjustments, Change, Proposal},
    },
};
use serde_json::json;

use super::{
    Desk, measure, read_secret,
    word::{refused, word},
};
use crate::{
    Answer, Failure,
    cli::{self, Compensate, Credit, Customer, Unfreeze},
};

/// Runs `customer …`.
pub async fn customer(desk: &Desk, command: &Customer) -> Result<Answer, Failure> {
    match command {
        Customer::Add { email, password_file } => {
            let password = password_file.as_deref().map(read_secret).transpose()?;
            add(desk, email, password).await
        }
        Customer::Show { email } => show(desk, email).await,
        Customer::Credit(credit) => self::credit(desk, credit).await,
        Customer::Compensate(compensate) => self::compensate(desk, compensate).await,
        Customer::Freeze(freeze) => self::freeze(desk, freeze).await,
        Customer::Unfreeze(unfreeze) => self::unfreeze(desk, unfreeze).await,
        Customer::Ban(ban) => measure::ban(desk, ban).await,
        Customer::Unban(measure) => measure::unban(desk, measure).await,
        Customer::Suspend(measure) => measure::suspend(desk, measure).await,
        Customer::Resume(measure) => measure::resume(desk, measure).await,
    }
}

async fn add(desk: &Desk, email: &str, password: Option<String>) -> Result<Answer, Failure> {
    let add = AddCustomer::new(desk.store.clone(), desk.hasher.clone(), desk.clock.clone());
    let id = add.execute(email, password).await?;
    let json = json!({ "id": id.get(), "email": email.trim().to_lowercase() });
    Ok(Answer::say(json, format_args!("customer {id} added")))
}

async fn show(desk: &Desk, email: &str) -> Result<Answer, Failure> {
    let customer = desk.look_up(email).await?;
    let wallet = desk.ledger.wallet(customer.id).await?;
    let (available, held) = (wallet.available.get(), wallet.held.get());
    let currency = desk.ledger.currency(customer.id).await?.code();
    let (debt, freezes) = (wallet.debt.get(), desk.ledger.freezes(customer.id).await?);
    let since = customer.created_at.to_rfc3339();
    let Standing { suspended_at, ban } =
        desk.conduct.standing(customer.id, desk.clock.now()).await?;
    let suspended_at = suspended_at.map(|at| at.to_rfc3339());
    let banned = ban.map(|Ban { tier, until, .. }| (tier.as_str(), until.to_rfc3339()));
    let stopped = freezes.iter().map(|it| {
        json!({
            "cause": it.freeze.cause.as_str(), "reference": it.freeze.reference,
            "since": it.since.to_rfc3339(),
        })
    });
    let json = json!({
        "id": customer.id.get(), "email": customer.email, "created_at": since,
        "currency": currency, "available": available, "held": held, "debt": debt,
        "freezes": stopped.collect::<Vec<_>>(), "suspended_at": suspended_at,
        "ban": banned.as_ref().map(|(tier, until)| json!({ "tier": tier, "until": until })),
    });
    let facts = [
        ("id", customer.id.to_string()),
        ("email", customer.email),
        ("since", since),
        ("available", format!("{available} {currency}")),
        ("held", format!("{held} {currency} for running orders")),
        ("owes", format!("{debt} {currency}")),
        ("may buy", may_buy(&freezes, suspended_at, banned)),
    ];
    Ok(Answer::facts(json, facts))
}

/// Everything that stands in the way.
fn may_buy(
    freezes: &[FreezeInForce],
    suspended_at: Option<String>,
    banned: Option<(&str, String)>,
) -> String {
    let name =
        |it: &FreezeInForce| format!("{} ({})", it.freeze.reference, it.freeze.cause.as_str());
    let mut reasons: Vec<_> = freezes.iter().map(name).collect();
    reasons.extend(suspended_at.map(|at| format!("suspended since {at}")));
    reasons.extend(banned.map(|(tier, until)| format!("banned ({tier}) until {until}")));
    if reasons.is_empty() { "yes".to_owned() } else { format!("no: {}", reasons.join(", ")) }
}

async fn credit(desk: &Desk, arguments: &Credit) -> Result<Answer, Failure> {
    let user = desk.customer(&arguments.customer).await?;
    let adjustments = Adjustments::new(desk.store.clone(), desk.ids.clone());
    let fresh = || adjustments.fresh_reference();
    let proposal = Proposal {
        reference: arguments.reference.clone().unwrap_or_else(fresh),
        user,
        change: Change::Give,
        amount: arguments.amount,
        operator: arguments.word.operator()?,
        reason: arguments.word.reason.clone(),
    };
    let (posted, wallet) = adjustments
        .decide(&proposal, &arguments.approver)
        .await
        .map_err(|error| refused(error, format!("customer {user} not credited")))?;
    let (available, held) = (wallet.available.get(), wallet.held.get());
    let currency = desk.ledger.currency(user).await?.code();
    let json = json!({
        "id": user.get(), "posted": word(posted), "currency": currency, "available": available,
        "held": held,
    });
    let verb = match posted {
        Posted::New => "credited",
        Posted::Already => "had been credited before under this reference",
    };
    Ok(Answer::say(json, format_args!("customer {user} {verb}, {available} {currency} available")))
}

async fn compensate(desk: &Desk, arguments: &Compensate) -> Result<Answer, Failure> {
    let user = desk.customer(&arguments.customer).await?;
    let order = OrderId::new(arguments.order);
    let decision = arguments.word.decision(&arguments.reference)?;
    let posted = desk
        .treasury()
        .compensate(user, order, arguments.amount, &decision)
        .await
        .map_err(|error| refused(error, format!("order {order} not compensated")))?;
    let available = desk.ledger.wallet(user).await?.available.get();
    let currency = desk.ledger.currency(user).await?.code();
    let json = json!({
        "id": user.get(), "order_id": order.get(), "posted": word(posted),
        "currency": currency, "available": available,
    });
    let verb = match posted {
        Posted::New => "compensated",
        Posted::Already => "had been compensated before under this reference",
    };
    Ok(Answer::say(json, format_args!("order {order} {verb}, {available} {currency} available")))
}

async fn freeze(desk: &Desk, arguments: &cli::Freeze) -> Result<Answer, Failure> {
    let user = desk.customer(&arguments.customer).await?;
    let reference = format!("{}: {}", arguments.word.operator()?, arguments.word.reason()?);
    let freeze = Freeze { user, cause: FreezeCause::Operator, reference };
    let mut uow = desk.store.begin().await?;
    let is_new = uow.ledger().freeze(&freeze).await?;
    uow.commit().await?;
    let json = json!({ "id": user.get(), "frozen": true, "new": is_new });
    let now = if is_new { "may not buy any more" } else { "was stopped for this reason before" };
    Ok(Answer::say(json, format_args!("customer {user} {now}")))
}

async fn unfreeze(desk: &Desk, arguments: &Unfreeze) -> Result<Answer, Failure> {
    let user = desk.customer(&arguments.customer).await?;
    let by = format!("{}: {}", arguments.word.operator()?, arguments.word.reason()?);
    let mut lifted = 0;
    let in_force = desk.ledger.freezes(user).await?;
    let mut uow = desk.store.begin().await?;
    for FreezeInForce { freeze, .. } in in_force {
        if arguments.reference.as_ref().is_none_or(|wanted| *wanted == freeze.reference) {
            lifted += u32::from(uow.ledger().unfreeze(&freeze, &by).await?);
        }
    }
    let frozen = uow.ledger().wallet(user).await?.frozen;
    uow.commit().await?;
    if lifted == 0 {
        return Err(Failure::conflict(format_args!("customer {user} has no such freeze")));
    }
    let json = json!({ "id": user.get(), "frozen": frozen, "lifted": lifted });
    let now = if frozen { "may still not buy: see `ctl customer show`" } else { "may buy again" };
    Ok(Answer::say(json, format_args!("{lifted} lifted, customer {user} {now}")))
}
