use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{exact::Exact, invoice::Invoice};

/// A way to pay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Method {
    #[default]
    #[serde(rename = "BTC-CHAIN")]
    Chain,
    #[serde(rename = "BTC-LN")]
    Lightning,
}

impl Method {
    pub(super) const ALL: [Self; 2] = [Self::Chain, Self::Lightning];

    /// How far a coin can be split: a satoshi on chain, a thousandth of it on Lightning.
    pub(super) const fn places(self) -> u32 {
        match self {
            Self::Chain => 8,
            Self::Lightning => 11,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Chain => "BTC-CHAIN",
            Self::Lightning => "BTC-LN",
        }
    }
}

/// How far a payment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum PaymentStatus {
    Processing,
    Settled,
    /// Replaced by another transaction of the payer.
    Invalid,
}

/// Coins that arrived for an invoice.
#[derive(Clone)]
pub(super) struct Payment {
    pub(super) id: String,
    pub(super) method: Method,
    pub(super) value: Exact,
    pub(super) received: i64,
    pub(super) status: PaymentStatus,
}

impl Payment {
    pub(super) fn object(&self) -> Value {
        json!({
            "id": self.id,
            "receivedDate": self.received,
            "value": self.value,
            "fee": "0.0",
            "status": self.status,
            "destination": destination(&self.id, self.method),
        })
    }
}

impl Invoice {
    /// The invoice's payment methods as the API shows them. Payments that do not count are left out
    /// unless `all` are asked for.
    pub(super) fn payment_methods(&self, all: bool) -> Value {
        let methods = self.checkout.payment_methods.iter();
        methods.map(|method| self.payment_method(*method, all)).collect()
    }

    fn payment_method(&self, method: Method, all: bool) -> Value {
        let counts = |it: &&Payment| it.status != PaymentStatus::Invalid;
        let own = self.payments.iter().filter(|payment| payment.method == method);
        let paid = own.clone().filter(counts).fold(Exact::ZERO, |sum, it| sum.plus(it.value));
        let total = self.payments.iter().filter(counts);
        let total = total.fold(Exact::ZERO, |sum, payment| sum.plus(payment.value));
        let amount = self.amount.unwrap_or(Exact::ZERO).over_up(self.rate, method.places());
        let due = self.due(method);
        let destination = destination(&self.id, method);
        json!({
            "activated": true,
            "paymentMethodId": method.as_str(),
            "currency": "BTC",
            "destination": destination,
            "paymentLink": format!("bitcoin:{destination}?amount={due}"),
            "rate": self.rate,
            "paymentMethodPaid": paid,
            "totalPaid": total,
            "due": due,
            "amount": amount,
            "paymentMethodFee": "0",
            "payments": own.filter(|it| all || counts(it)).map(Payment::object)
                .collect::<Vec<_>>(),
            "additionalData": {},
        })
    }
}

/// An address that nobody can take for a real one.
fn destination(id: &str, method: Method) -> String {
    let prefix = match method {
        Method::Chain => "bcrt1sandbox",
        Method::Lightning => "lnbcrtsandbox",
    };
    format!("{prefix}{}", id.chars().take(20).collect::<String>())
}
