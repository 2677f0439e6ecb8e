use domain::{
    identity::register::AddCustomer,
    ledger::{
        PostError, Posted,
        adjust::{AdjustError, CreditCommand, CreditCustomer},
    },
};
use serde_json::json;

use super::{Desk, operator, read_secret};
use crate::{
    Answer, Failure,
    cli::{Credit, Customer},
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
    let since = customer.created_at.to_rfc3339();
    let json = json!({
        "id": customer.id.get(), "email": customer.email, "created_at": since,
        "available": available, "held": held,
    });
    let facts = [
        ("id", customer.id.to_string()),
        ("email", customer.email),
        ("since", since),
        ("available", format!("{available} IDR")),
        ("held", format!("{held} IDR for running orders")),
    ];
    Ok(Answer::facts(json, facts))
}

async fn credit(desk: &Desk, arguments: &Credit) -> Result<Answer, Failure> {
    let user = desk.customer(&arguments.customer).await?;
    let operator = operator(arguments.operator.as_deref())?;
    let command = CreditCommand {
        user,
        amount: arguments.amount,
        operator,
        reason: arguments.reason.clone(),
        reference: arguments.reference.clone(),
    };
    let credit = CreditCustomer::new(desk.store.clone(), desk.ids.clone());
    let (posted, wallet) = credit.execute(command).await.map_err(|error| match error {
        // The one thing about this journal that can be wrong.
        AdjustError::Post(PostError::Forbidden(why)) => Failure::conflict(why),
        error => Failure::from(error).context(format!("customer {user} not credited")),
    })?;
    let (available, held) = (wallet.available.get(), wallet.held.get());
    let is_new = posted == Posted::New;
    let json = json!({
        "id": user.get(), "posted": if is_new { "new" } else { "already" },
        "available": available, "held": held,
    });
    let verb = if is_new { "credited" } else { "had been credited before under this reference" };
    Ok(Answer::say(json, format_args!("customer {user} {verb}, {available} IDR available")))
}
