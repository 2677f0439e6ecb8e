use domain::{
    ids::{TopupId, UserId},
    money::Amount,
    topups::{Topup as Payment, start::StartTopup},
};
use serde_json::json;

use super::Desk;
use crate::{Answer, Failure, cli::Topup};

/// Runs `topup …`.
pub async fn topup(desk: &Desk, command: &Topup) -> Result<Answer, Failure> {
    match command {
        Topup::Start { email, amount } => {
            let user = desk.by_email(email).await?;
            Ok(describe(start_topup(desk, user, *amount).await?))
        }
        Topup::Show { id } => {
            let found = desk.topups.find(TopupId::new(*id)).await?;
            let unknown = || Failure::conflict(format_args!("there is no top-up {id}"));
            Ok(describe(found.ok_or_else(unknown)?))
        }
    }
}

/// Starts a payment.
///
/// # Errors
/// Also when no gateway is set up.
pub async fn start_topup(desk: &Desk, user: UserId, amount: Amount) -> Result<Payment, Failure> {
    let Some(gateway) = desk.gateway.clone() else {
        let message = "nobody takes payments: set stripe.secret_key and its companions";
        return Err(Failure::usage(anyhow::anyhow!(message)));
    };
    let start = StartTopup::new(desk.store.clone(), gateway, desk.clock.clone(), desk.ids.clone());
    Ok(start.execute(user, amount).await?)
}

fn describe(topup: Payment) -> Answer {
    let json = json!({
        "id": topup.id.to_string(),
        "customer_id": topup.user.get(),
        "gateway": topup.gateway.code(),
        "amount": topup.amount.get(),
        "state": topup.state.as_str(),
        "payment_id": topup.payment_id,
        "checkout_url": topup.checkout_url,
        "created_at": topup.created_at.to_rfc3339(),
    });
    let unknown = || "not known yet".to_owned();
    let facts = [
        ("id", topup.id.to_string()),
        ("customer", topup.user.to_string()),
        ("amount", format!("{} IDR", topup.amount)),
        ("state", topup.state.as_str().to_owned()),
        ("payment", topup.payment_id.unwrap_or_else(unknown)),
        ("pay here", topup.checkout_url.unwrap_or_else(unknown)),
        ("started", topup.created_at.to_rfc3339()),
    ];
    Answer::facts(json, facts)
}
