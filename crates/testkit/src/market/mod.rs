//! A whole marketplace on fakes: two providers, one customer, every use case.

mod canary;
mod check;
mod payins;
mod quiet;
mod rest;
mod tasks;
mod wiring;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use domain::{
    abuse::{GuardTerms, Tripwire},
    catalog::{CatalogQueries, Pricing},
    identity::Mode,
    ids::{CatalogProductId, EventSeq, ProviderId, UserId},
    inbox::{Callback, CallbackStore, StoredMessage},
    ledger::{
        LedgerQueries,
        adjust::{Change, Proposal},
        audit::AuditReport,
    },
    money::{Amount, Cost},
    orders::{
        IdempotencyKey, Order, OrderQueries, OrderTerms, RequestKey,
        place::PlaceCommand,
        reactivate::ReactivateCommand,
        settle::{Patience, SettleReserving},
    },
    outbox::{EventKind, EventQueries, EventRelay},
    providers::{NewProvider, Protocol, ProviderDirectory, SmsText},
    rates::IdrPerUsd,
    routing::{Policy, Wanted},
};

use crate::{
    Chaos, CountingKeys, CountingMint, FakeGateway, FakeReceiver, FakeRegistry, FixedClock,
    MemStore, Outcome, PlainHasher, RecordingTokenNews, RecordingWake, ScriptedProvider, SeqIds,
    offer,
};

/// A marketplace with nothing real in it.
///
/// Two providers sell the same thing: [`Self::cheap`] for [`Self::PRICE`], [`Self::dear`] for
/// [`Self::DEAR_PRICE`]. There is one customer with an empty wallet. Time stands still.
pub struct Market {
    /// What is stored.
    pub store: MemStore,
    /// What time it is.
    pub clock: Arc<FixedClock>,
    /// What goes wrong.
    pub chaos: Chaos,
    /// Who is asked.
    pub registry: Arc<FakeRegistry>,
    /// Who takes payments, exactly as asked for and in rupiah.
    pub gateway: Arc<FakeGateway>,
    /// Who takes payments of any size, in dollars.
    pub coins: Arc<FakeGateway>,
    /// Who takes payments of any size, in rupiah, and gives nothing back.
    pub bank: Arc<FakeGateway>,
    /// Who was poked.
    pub wake: Arc<RecordingWake>,
    /// The customer's own server; it hears nothing until the customer asks for it.
    pub receiver: Arc<FakeReceiver>,
    /// Where secrets of endpoints come from.
    pub keys: Arc<CountingKeys>,
    /// Where ids come from.
    pub ids: Arc<SeqIds>,
    /// Where tokens come from.
    pub mint: Arc<CountingMint>,
    /// Which tokens ended.
    pub token_news: Arc<RecordingTokenNews>,
    /// Where password hashes come from.
    pub hasher: Arc<PlainHasher>,
    /// The provider that is asked first.
    pub cheap: Seller,
    /// The provider that is asked next.
    pub dear: Seller,
    /// The customer.
    pub user: UserId,
    /// What both providers sell.
    pub umbrella: CatalogProductId,
    /// How much customers may leave unused.
    pub guard: GuardTerms,
    /// The worker that settles, with what it remembers.
    settler: OnceLock<SettleReserving>,
}

/// A provider and its record.
#[derive(Debug, Clone)]
pub struct Seller {
    /// Its id with us.
    pub id: ProviderId,
    /// The provider itself.
    pub adapter: Arc<ScriptedProvider>,
}

impl Market {
    /// What the customer pays for a number of the cheap provider.
    pub const PRICE: i64 = 30;
    /// What the customer pays for a number of the dear provider.
    pub const DEAR_PRICE: i64 = 50;
    /// How long orders live here: short, so that few steps of the clock end them.
    pub const TERMS: OrderTerms = OrderTerms {
        lifetime: Duration::from_mins(2),
        minimum_cancel: Duration::from_secs(20),
        resend_cooldown: Duration::from_secs(10),
        ask_within: Duration::from_secs(4),
    };
    /// How much customers may leave unused here: whatever they do, unless a test says otherwise.
    pub const GUARD: GuardTerms = {
        let never = Tripwire { outcomes: u32::MAX, percent: 100, ban: Duration::from_mins(1) };
        GuardTerms {
            window: Duration::from_hours(24),
            soft: never,
            hard: never,
            cancels_per_day: u32::MAX,
            unfinished_orders: 100_000,
        }
    };
    /// How long its reconcilers wait.
    pub const PATIENCE: Patience =
        Patience { settle_after: Duration::from_secs(30), orphan_after: Duration::from_secs(45) };
    /// One rupiah of price for each tenth of a thousandth of a dollar of cost.
    pub const PRICING: Pricing = Pricing { idr_per_usd: 10_000, markup_basis_points: 0 };

    /// What a dollar costs in rupiah unless a rate is remembered.
    pub const FIXED_RATE: IdrPerUsd = match IdrPerUsd::new(Self::PRICING.idr_per_usd) {
        Some(rate) => rate,
        None => panic!("a believable rate"),
    };

    /// A market whose callbacks are confirmed by asking the provider.
    pub async fn new() -> Outcome<Self> {
        Self::open(false).await
    }

    /// A market whose callbacks are believed.
    pub async fn trusting() -> Outcome<Self> {
        Self::open(true).await
    }

    async fn open(trusts_callbacks: bool) -> Outcome<Self> {
        let chaos = Chaos::default();
        let clock = Arc::new(FixedClock::default());
        let store = MemStore::new(chaos.clone()).with_clock(Arc::clone(&clock));
        let registry = Arc::new(FakeRegistry::new(chaos.clone()));
        let mut sellers = Vec::new();
        for (priority, (code, price)) in
            [("cheap", Self::PRICE), ("dear", Self::DEAR_PRICE)].into_iter().enumerate()
        {
            let micros = price * 1_000_000 / Self::PRICING.idr_per_usd;
            let cost = Cost::from_micros(micros).ok_or("a price without a cost")?;
            let provider = NewProvider {
                code: code.to_owned(),
                protocol: Protocol::SmsActivate,
                base_url: format!("https://{code}.example"),
                api_key: "key".to_owned(),
                priority: i32::try_from(priority)?,
                trusts_callbacks,
            };
            let (record, _) = store.add(&provider).await?.ok_or("a provider with this name")?;
            let first_id = u64::try_from(priority + 1)? * 1_000_000;
            let adapter = ScriptedProvider::new(offer(cost, 1_000), first_id, chaos.clone());
            let adapter = Arc::new(adapter);
            registry.insert(record.id, Arc::clone(&adapter));
            sellers.push(Seller { id: record.id, adapter });
        }
        let [cheap, dear]: [Seller; 2] = sellers.try_into().map_err(|_| "two sellers")?;
        let mut market = Self {
            gateway: Arc::new(FakeGateway::new(FakeGateway::EXACT, chaos.clone())),
            coins: Arc::new(FakeGateway::new(FakeGateway::COINS, chaos.clone())),
            bank: Arc::new(FakeGateway::new(FakeGateway::BANK, chaos.clone())),
            receiver: Arc::new(FakeReceiver::new(chaos.clone())),
            keys: Arc::default(),
            store,
            clock,
            chaos,
            registry,
            wake: Arc::default(),
            ids: Arc::default(),
            mint: Arc::default(),
            token_news: Arc::default(),
            hasher: Arc::default(),
            cheap,
            dear,
            user: UserId::new(0),
            umbrella: CatalogProductId::new(1),
            guard: Self::GUARD,
            settler: OnceLock::new(),
        };
        market.user = market.add_customer().execute("customer@example.com", None).await?;
        market.sync_catalog().run_once(None).await?;
        let everything = Wanted::Catalog {
            id: market.umbrella,
            min_price: None,
            max_price: None,
            carrier: None,
        };
        if market.store.offers(&everything, 3).await?.len() != 2 {
            return Err("both sellers sell the same".into());
        }
        market.chaos.calm();
        Ok(market)
    }

    /// Gives the customer money.
    pub async fn funded(self, amount: i64) -> Outcome<Self> {
        self.credit(self.user, amount).await?;
        self.chaos.calm();
        Ok(self)
    }

    /// Gives a customer money.
    pub async fn credit(&self, user: UserId, amount: i64) -> Outcome {
        let adjustments = self.adjustments();
        let proposal = Proposal {
            reference: adjustments.fresh_reference(),
            user,
            change: Change::Give,
            amount: Amount::new(amount).ok_or("an amount is positive")?,
            operator: "operator".to_owned(),
            reason: "test".to_owned(),
        };
        adjustments.decide(&proposal, "approver").await?;
        Ok(())
    }

    /// What the customer asks for: anything, cheapest first.
    pub fn command(&self, quantity: u32, key: Option<&str>) -> PlaceCommand {
        let fingerprint = format!("quantity={quantity}");
        let key = key.and_then(IdempotencyKey::parse);
        PlaceCommand {
            mode: Mode::Live,
            user: self.user,
            wanted: Wanted::Catalog {
                id: self.umbrella,
                min_price: None,
                max_price: None,
                carrier: None,
            },
            policy: Policy::Cheapest,
            prefer: None,
            quantity,
            key: key.map(|key| RequestKey { key, operation: "orders.create", fingerprint }),
            shown_at: None,
        }
    }

    /// The number of an order again.
    pub fn again(&self, order: &Order, key: Option<&str>) -> ReactivateCommand {
        let fingerprint = format!("order={}", order.id);
        let key = key.and_then(IdempotencyKey::parse);
        ReactivateCommand {
            user: self.user,
            order: order.id,
            max_price: None,
            key: key.map(|key| RequestKey { key, operation: "reactivate", fingerprint }),
            shown_at: None,
        }
    }

    /// Buys one number.
    pub async fn buy(&self) -> Outcome<Order> {
        let placed = self.place_orders().execute(self.command(1, None)).await?;
        let view = placed.orders.into_iter().next().ok_or("nothing was bought")?;
        Ok(view.order)
    }

    /// The seller an order is with.
    pub fn seller(&self, order: &Order) -> &Seller {
        if order.quote.provider == self.cheap.id { &self.cheap } else { &self.dear }
    }

    /// A message arrives at the provider of an order.
    pub fn sms(&self, order: &Order, code: &str) -> Outcome {
        let lease = order.lease().ok_or("the order has no number")?;
        let text = format!("Your code is {code}");
        let arrived =
            self.seller(order).adapter.deliver(&lease.external_id, Some(code), Some(&text));
        if arrived { Ok(()) } else { Err("the number does not run any more".into()) }
    }

    /// What the provider of an order reports of a message with this code.
    pub fn callback(&self, order: &Order, code: &str) -> Outcome<Callback> {
        let lease = order.lease().ok_or("the order has no number")?;
        Ok(Callback {
            provider: order.quote.provider,
            external_id: lease.external_id.clone(),
            code: Some(code.into()),
            text: SmsText::new(&format!("Your code is {code}")),
            received_at: format!("at the time of {code}"),
        })
    }

    /// An order as it stands now.
    pub async fn order(&self, order: &Order) -> Outcome<Order> {
        let views = self.store.by_ids(order.user, &[order.id]).await?;
        Ok(views.into_iter().next().ok_or("no such order")?.order)
    }

    /// The messages of an order, oldest first.
    pub async fn messages(&self, order: &Order) -> Outcome<Vec<StoredMessage>> {
        Ok(self.store.history(order.id).await?)
    }

    /// What the customer can spend, and what is set aside.
    pub async fn wallet(&self) -> Outcome<(i64, i64)> {
        let wallet = LedgerQueries::wallet(&self.store, self.user).await?;
        Ok((wallet.available.get(), wallet.held.get()))
    }

    /// What the customer was told about an order, oldest first.
    pub async fn events(&self, order: &Order) -> Outcome<Vec<EventKind>> {
        self.store.stamp(u32::MAX).await?;
        let events = self.store.since(order.user, EventSeq::new(0), u32::MAX).await?;
        let of_order = events.iter().filter(|event| event.event.order == order.id);
        Ok(of_order.map(|event| event.event.kind).collect())
    }

    /// The state of the books.
    pub async fn audit(&self) -> Outcome<AuditReport> {
        Ok(self.store.audit().await?)
    }
}
