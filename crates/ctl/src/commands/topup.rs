use std::sync::Arc;

use anyhow::anyhow;
use domain::{
    gateways::{GatewayDirectory, PaymentGateway},
    ids::{TopupId, UserId},
    ledger::Gateway,
    money::Amount,
    topups::{
        Topup as Payment, TopupFlag, confirm,
        poll::reference,
        refund::{OrderRefund, RefundCommand},
        resolve,
        start::StartTopup,
    },
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Desk, operator, topup_history};
use crate::{
    Answer, Failure,
    cli::{ListTopups, RefundTopup, ResolveTopup, Topup},
};

/// Runs `topup …`.
pub async fn topup(desk: &Desk, command: &Topup) -> Result<Answer, Failure> {
    match command {
        Topup::Start { email, amount, gateway } => {
            let user = desk.by_email(email).await?;
            let started = start_topup(desk, user, *amount, *gateway).await?;
            Ok(Answer::facts(body(&started), facts(started)))
        }
        Topup::Show { id } => show(desk, *id).await,
        Topup::List(list) => self::list(desk, list).await,
        Topup::Confirm { id } => ask(desk, *id).await,
        Topup::Refund(refund) => self::refund(desk, refund).await,
        Topup::Resolve(resolved) => resolve(desk, resolved).await,
    }
}

/// Starts a payment.
///
/// # Errors
/// Also when no gateway is set up, or several of which none was chosen.
pub async fn start_topup(
    desk: &Desk,
    user: UserId,
    amount: Amount,
    gateway: Option<Gateway>,
) -> Result<Payment, Failure> {
    let gateway = choose(&*desk.gateways, gateway)?;
    let sources = (desk.clock.clone(), desk.ids.clone());
    let start = StartTopup::new(desk.store.clone(), gateway, desk.rate.clone(), sources);
    Ok(start.execute(user, amount).await?)
}

fn choose(
    directory: &dyn GatewayDirectory,
    wanted: Option<Gateway>,
) -> Result<Arc<dyn PaymentGateway>, Failure> {
    if let Some(wanted) = wanted {
        let missing = || Failure::usage(anyhow!("[{}] is not set up", wanted.code()));
        return directory.get(wanted).ok_or_else(missing);
    }
    let mut all = directory.all();
    match (all.pop(), all.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => {
            let sections = Gateway::ALL.map(|gateway| format!("[{}]", gateway.code()));
            let message = format!("nobody takes payments: set up one of {}", sections.join(", "));
            Err(Failure::usage(anyhow!(message)))
        }
        (Some(last), false) => {
            all.push(last);
            let codes: Vec<_> = all.iter().map(|it| it.terms().gateway.code()).collect();
            Err(Failure::usage(anyhow!("say who takes it: --gateway {}", codes.join(" or "))))
        }
    }
}

async fn find(desk: &Desk, id: Uuid) -> Result<Payment, Failure> {
    let found = desk.topups.find(TopupId::new(id)).await?;
    found.ok_or_else(|| Failure::conflict(format_args!("there is no top-up {id}")))
}

async fn show(desk: &Desk, id: Uuid) -> Result<Answer, Failure> {
    let topup = find(desk, id).await?;
    let history = desk.topups.topup_history(topup.id).await?;
    let mut json = body(&topup);
    if let Some(fields) = json.as_object_mut() {
        fields.extend(topup_history::body(&history));
    }
    let mut answer = Answer::facts(json, facts(topup));
    for line in topup_history::lines(&history) {
        answer = answer.and(line);
    }
    Ok(answer)
}

async fn list(desk: &Desk, list: &ListTopups) -> Result<Answer, Failure> {
    let found = match &list.which.email {
        Some(email) => {
            let user = desk.by_email(email).await?;
            desk.topups.list(user, None, list.limit).await?
        }
        None => desk.topups.flagged(list.limit).await?,
    };
    let bodies = found.iter().map(body).collect();
    let rows = found.into_iter().map(|topup| {
        [
            topup.id.to_string(),
            topup.user.to_string(),
            topup.gateway.code().to_owned(),
            format!("{} IDR", topup.amount),
            topup.state.as_str().to_owned(),
            topup.flag.map_or_else(String::new, |flag| flag.as_str().to_owned()),
            topup.created_at.to_rfc3339(),
        ]
    });
    let header = ["id", "customer", "gateway", "amount", "state", "flag", "started"];
    Ok(Answer::rows(Value::Array(bodies), header, rows.collect()))
}

/// The gateway is asked twice: here for the operator's eyes, and by the worker, which alone may
/// credit anybody.
async fn ask(desk: &Desk, id: Uuid) -> Result<Answer, Failure> {
    let topup = find(desk, id).await?;
    let payment = reference(&topup);
    let report = choose(&*desk.gateways, Some(topup.gateway))?.fetch(&payment).await;
    let report = report.map_err(Failure::failed)?;
    let task = confirm::task(topup.gateway, &payment);
    let task = task.ok_or_else(|| Failure::failed(anyhow!("its payment has an unusable id")))?;
    desk.queue.enqueue_now(&task).await?;
    let Some(report) = report else {
        let json = json!({ "id": topup.id.to_string(), "known": false });
        return Ok(Answer::say(json, "the gateway knows no such payment"));
    };
    let amount = |money: Option<domain::money::Money>| money.map(|money| money.to_string());
    let (charge, received) = (amount(report.charge), amount(report.received));
    let status = format!("{:?}", report.status).to_lowercase();
    let json = json!({
        "id": topup.id.to_string(), "known": true, "status": status, "charge": charge,
        "received": received, "refunds": report.refunds.len(), "disputes": report.disputes.len(),
    });
    let none = || "nothing".to_owned();
    let facts = [
        ("the gateway says", status),
        ("asked for", charge.unwrap_or_else(none)),
        ("received", received.unwrap_or_else(none)),
        ("refunds", report.refunds.len().to_string()),
        ("disputes", report.disputes.len().to_string()),
    ];
    Ok(Answer::facts(json, facts).and("the task worker books what is new"))
}

async fn refund(desk: &Desk, arguments: &RefundTopup) -> Result<Answer, Failure> {
    let command = RefundCommand {
        topup: TopupId::new(arguments.id),
        amount: arguments.amount,
        operator: operator(arguments.operator.as_deref())?,
        approver: arguments.approver.clone(),
        reason: arguments.reason.clone(),
    };
    let (store, gateways) = (desk.store.clone(), desk.gateways.clone());
    let order = OrderRefund::new(store, gateways, desk.clock.clone(), desk.ids.clone());
    let refund = order.execute(&command).await?;
    let json = topup_history::refund(&refund);
    let line = format!(
        "{} IDR are taken from the customer; the gateway is asked to send back {}",
        refund.amount, refund.value
    );
    Ok(Answer::say(json, line).and(format_args!("refund {}", refund.id)))
}

async fn resolve(desk: &Desk, arguments: &ResolveTopup) -> Result<Answer, Failure> {
    let operator = operator(arguments.operator.as_deref())?;
    let resolve = resolve::ResolveTopup::new(desk.store.clone(), desk.clock.clone());
    let id = TopupId::new(arguments.id);
    let topup = resolve.execute(id, &operator, &arguments.note).await?;
    Ok(Answer::say(body(&topup), format_args!("top-up {id} needs nobody any more")))
}

fn body(topup: &Payment) -> Value {
    json!({
        "id": topup.id.to_string(),
        "customer_id": topup.user.get(),
        "gateway": topup.gateway.code(),
        "amount": topup.amount.get(),
        "charge": topup.charge.to_string(),
        "state": topup.state.as_str(),
        "flag": topup.flag.map(TopupFlag::as_str),
        "payment_id": topup.payment_id,
        "checkout_url": topup.checkout_url,
        "created_at": topup.created_at.to_rfc3339(),
    })
}

fn facts(topup: Payment) -> [(&'static str, String); 10] {
    let unknown = || "not known yet".to_owned();
    [
        ("id", topup.id.to_string()),
        ("customer", topup.user.to_string()),
        ("gateway", topup.gateway.code().to_owned()),
        ("amount", format!("{} IDR", topup.amount)),
        ("charge", topup.charge.to_string()),
        ("state", topup.state.as_str().to_owned()),
        ("flag", topup.flag.map_or_else(|| "none".to_owned(), |flag| flag.as_str().to_owned())),
        ("payment", topup.payment_id.unwrap_or_else(unknown)),
        ("pay here", topup.checkout_url.unwrap_or_else(unknown)),
        ("started", topup.created_at.to_rfc3339()),
    ]
}
