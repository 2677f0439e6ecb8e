//! One gateway as a payer, its operator and its wire see it.

use serde_json::{Value, json};

use crate::support::{Customer, SOON, Stack, eventually, until};

/// What a top-up of these tests is worth, in whole rupiah.
pub(super) const AMOUNT: i64 = 50_000;

const STATE: &str = "SELECT state FROM topups WHERE id = $1::uuid";

/// The gateways there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Stripe,
    Heleket,
    Duitku,
    Btcpay,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::Stripe, Self::Heleket, Self::Duitku, Self::Btcpay];

    /// Its name, here and at the sandbox.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::Heleket => "heleket",
            Self::Duitku => "duitku",
            Self::Btcpay => "btcpay",
        }
    }

    /// What the sandbox calls its id of a payment.
    const fn id(self) -> &'static str {
        match self {
            Self::Stripe => "session_id",
            Self::Heleket => "uuid",
            // Its API knows a payment by our reference only.
            Self::Duitku => "order_id",
            Self::Btcpay => "invoice_id",
        }
    }

    /// What a sender of forged notifications is told.
    pub(super) const fn refusal(self) -> u64 {
        if matches!(self, Self::Btcpay) { 401 } else { 400 }
    }

    /// The setting of the sandbox that decides how notifications leave by default.
    const fn shape(self) -> &'static str {
        match self {
            Self::Stripe | Self::Btcpay => "deliver",
            Self::Heleket | Self::Duitku => "callbacks",
        }
    }
}

/// One gateway of one stack.
pub(super) struct Till<'a> {
    pub(super) stack: &'a Stack,
    pub(super) kind: Kind,
}

/// A top-up of a customer of its own.
pub(super) struct Bill {
    pub(super) topup: String,
    pub(super) payment: String,
    pub(super) customer: Customer,
}

impl Till<'_> {
    /// A new customer who is about to pay.
    pub(super) async fn bill(&self) -> Bill {
        let customer = self.stack.customer(0).await;
        self.bill_for(customer).await
    }

    /// A further top-up of a customer.
    pub(super) async fn bill_for(&self, customer: Customer) -> Bill {
        let started = self.stack.ctl.run(&self.words(&customer)).await;
        let text = |name: &str| started[name].as_str().unwrap_or_default().to_owned();
        Bill { topup: text("id"), payment: text("payment_id"), customer }
    }

    /// `topup start` for a customer.
    pub(super) fn words<'b>(&self, customer: &'b Customer) -> [&'b str; 8] {
        let code = self.kind.code();
        ["topup", "start", "--email", &customer.email, "--amount", "50000", "--gateway", code]
    }

    /// Calls a control of this gateway.
    pub(super) async fn control(&self, path: &str, body: Value) -> Value {
        let path = match path {
            "" => self.kind.code().to_owned(),
            path => format!("{}/{path}", self.kind.code()),
        };
        self.stack.sandbox.control(&path, body).await
    }

    /// How notifications leave from now on.
    pub(super) async fn shape(&self, shape: &str) {
        self.control("", json!({ self.kind.shape(): shape })).await;
    }

    /// Lets something happen to a bill's payment; answers what we told the notifications.
    pub(super) async fn act(&self, bill: &Bill, act: &str, extra: Value) -> Vec<u64> {
        let mut body = extra;
        body[self.kind.id()] = json!(bill.payment);
        statuses(&self.control(act, body).await)
    }

    /// Pays all of it, with notifications in that shape.
    pub(super) async fn pay(&self, bill: &Bill, deliver: &str) -> Vec<u64> {
        self.act(bill, "pay", json!({ "deliver": deliver })).await
    }

    /// Pays in another way than exactly.
    pub(super) async fn pay_otherwise(&self, bill: &Bill, kind: &str) -> Vec<u64> {
        self.act(bill, "pay", json!({ "kind": kind })).await
    }

    /// What was booked of it.
    pub(super) async fn show(&self, bill: &Bill) -> Value {
        self.stack.ctl.run(&["topup", "show", &bill.topup]).await
    }

    /// The state it is in now.
    pub(super) async fn state(&self, bill: &Bill) -> String {
        let state = sqlx::query_scalar(STATE).bind(&bill.topup);
        state.fetch_one(self.stack.database.pool()).await.unwrap()
    }

    /// Waits until the top-up is in that state.
    pub(super) async fn becomes(&self, bill: &Bill, wanted: &str) -> Value {
        let what = format!("the top-up {} at {} is {wanted}", bill.topup, self.kind.code());
        self.reads(&what, (STATE, &bill.topup), wanted).await;
        let shown = self.show(bill).await;
        assert_eq!(shown["state"], wanted, "{shown}");
        shown
    }

    /// Waits until what `sql` finds for an id is `wanted`.
    pub(super) async fn reads(&self, what: &str, (sql, id): (&'static str, &str), wanted: &str) {
        let pool = self.stack.database.pool();
        eventually(what, SOON, async || {
            let read = sqlx::query_scalar::<_, Option<String>>(sql).bind(id).fetch_optional(pool);
            let read = read.await.unwrap().flatten().unwrap_or_default();
            if read == wanted { Ok(()) } else { Err(read) }
        })
        .await;
    }

    /// Has the poller look at it now instead of in a minute.
    pub(super) async fn look(&self, bill: &Bill) {
        let sql = "UPDATE topups SET poll_at = now() WHERE id = $1::uuid";
        sqlx::query(sql).bind(&bill.topup).execute(self.stack.database.pool()).await.unwrap();
    }

    /// Waits until every hint at a bill's payment was followed, also those that only find nothing.
    pub(super) async fn rests(&self, bill: &Bill) {
        let sql = "SELECT count(*)::text FROM tasks WHERE kind = 'payment.confirm'
                   AND dead_at IS NULL AND strpos(subject, $1) > 0";
        self.reads("all hints were followed", (sql, &bill.payment), "0").await;
    }

    /// All of it is credited, exactly, and nobody has to look at it.
    pub(super) async fn paid(&self, bill: &Bill) {
        let shown = self.becomes(bill, "PAID").await;
        assert_eq!(shown["flag"], Value::Null, "{shown}");
        assert_eq!(bill.customer.balance().await, AMOUNT, "{shown}");
    }

    /// What arrived is credited in proportion, and flagged.
    pub(super) async fn credited_in_proportion(&self, bill: &Bill, flag: &str) -> i64 {
        let shown = self.becomes(bill, "PAID").await;
        assert_eq!(shown["flag"], flag, "{shown}");
        let worth = proportion(&shown);
        assert_eq!(bill.customer.balance().await, worth, "{shown}");
        worth
    }

    /// Nothing is credited, and an operator is told why.
    pub(super) async fn refused(&self, bill: &Bill, flag: &str) {
        let shown = self.becomes(bill, "REVIEW").await;
        assert_eq!(shown["flag"], flag, "{shown}");
        assert_eq!(bill.customer.balance().await, 0);
        let told = format!("payment for top-up {} not credited", bill.topup);
        until("the log tells", SOON, async || self.stack.workers[0].has_logged(&told)).await;
    }
}

/// What all payments of a top-up are worth: of its amount what was received of its charge.
fn proportion(shown: &Value) -> i64 {
    let charge = shown["charge"].as_str().unwrap();
    let (number, currency) = charge.split_once(' ').unwrap();
    let units: i128 = number.replace('.', "").parse().unwrap();
    assert!(matches!(currency, "IDR" | "USD"), "{charge}");
    let payments = shown["payments"].as_array().unwrap();
    let worth = |payment: &Value| {
        let received = i128::from(payment["received"].as_i64().unwrap());
        i64::try_from(i128::from(AMOUNT) * received / units).unwrap()
    };
    payments.iter().map(worth).sum()
}

/// Every answer of ours that the sandbox tells of.
fn statuses(told: &Value) -> Vec<u64> {
    match told {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match (name.as_str(), value) {
                ("status", Value::Number(status)) => status.as_u64().into_iter().collect(),
                ("statuses", Value::Array(list)) => list.iter().filter_map(Value::as_u64).collect(),
                _ => statuses(value),
            })
            .collect(),
        Value::Array(list) => list.iter().flat_map(statuses).collect(),
        _ => Vec::new(),
    }
}
