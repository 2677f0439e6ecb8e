//! Many random lives of a marketplace: customers, providers, gateways and workers act at once, in
//! every interleaving, while calls fail, lose races and crash. Whatever happened, the books are
//! right at every moment, and in the end everybody tells the same story.

mod payments;

use std::{collections::BTreeMap, future::Future, ops::Range, pin::Pin};

use domain::{
    ids::{OrderId, UserId},
    inbox::{Callback, CallbackStore},
    money::Amount,
    orders::{Order, place::PlaceCommand},
    outbox::EventQueries,
    providers::{CancelOutcome, ProviderError, Refusal, SmsText, UpstreamStatus},
    topups::refund::RefundCommand,
};
use testkit::{Dice, Finish, Market, Outcome, Sale, Seller, race};

use crate::promises::Promise;

/// Lives of each kind: together well below the ten seconds a developer waits gladly.
const LIVES: u64 = 700;
/// Moments of one life.
const MOMENTS: u32 = 25;
const PAID: i64 = 50_000;
const GATEWAYS: usize = 3;

type Deed<'a> = Pin<Box<dyn Future<Output = Option<Promise>> + Send + 'a>>;

/// One life: what the world outside knows and may say again.
struct Life {
    market: Market,
    dice: Dice,
    users: [UserId; 2],
    /// True reports of providers, to be told any number of times, any time later.
    callbacks: Vec<Callback>,
    /// Notifications of gateways, likewise, with the number of their gateway.
    hints: Vec<(usize, Vec<u8>)>,
    messages: u32,
    canaries: u32,
    /// What customers heard.
    promises: Vec<Promise>,
    /// Calls of a thousand that go wrong.
    storm: u32,
    /// Calls that were made, and processes that died.
    calls: usize,
    deaths: usize,
}

impl Life {
    async fn begin(seed: u64, storm: u32) -> Outcome<Self> {
        let mut dice = Dice::new(seed);
        let market =
            if dice.happens(300) { Market::trusting().await? } else { Market::new().await? };
        let second = market.add_customer().execute("second@example.com", None).await?;
        let users = [market.user, second];
        for user in users {
            market.credit(user, i64::from(dice.below(300)) + 1).await?;
        }
        if dice.happens(100) {
            market.cheap.adapter.lists_nothing();
        }
        market.chaos.interleave();
        let (callbacks, hints) = (Vec::new(), Vec::new());
        let (messages, canaries, promises, calls, deaths) = (0, 0, Vec::new(), 0, 0);
        Ok(Self {
            market,
            dice,
            users,
            callbacks,
            hints,
            messages,
            canaries,
            promises,
            storm,
            calls,
            deaths,
        })
    }

    async fn live(&mut self) -> Outcome {
        for _ in 0..MOMENTS {
            self.happen_upstream();
            self.happen_at_gateways();
            let orders = self.market.store.all_orders().await;
            let choices: Vec<_> = (0..=self.dice.below(3)).map(|_| self.choose(&orders)).collect();
            let (mut steps, storm) = (self.dice.fork(), self.dice.fork());
            self.market.chaos.storm(storm, self.storm);
            let deeds = choices.into_iter().map(|choice| self.perform(choice)).collect();
            let ends = race(&self.market.chaos, &mut steps, deeds).await;
            self.deaths += ends.iter().filter(|end| matches!(end, Finish::Crashed)).count();
            self.promises.extend(ends.into_iter().filter_map(Finish::returned).flatten());
            self.calls += self.market.chaos.calls().len();
            self.market.chaos.calm();
            self.market.check_books().await?;
            self.market.check_nothing_invented().await?;
            self.market.check_canaries().await?;
        }
        Ok(())
    }

    /// Nothing new happens, nothing goes wrong any more, and time heals all.
    async fn end(&self) -> Outcome {
        for number in 0..GATEWAYS {
            self.close_gateway(self.gateway(number));
        }
        self.market.come_to_rest().await?;
        self.market.check_story().await?;
        self.market.check_losses().await?;
        for promise in &self.promises {
            promise.check(&self.market).await?;
        }
        self.check_messages().await
    }

    /// No order has more messages than its number received.
    async fn check_messages(&self) -> Outcome {
        let mut received = BTreeMap::new();
        for seller in [&self.market.cheap, &self.market.dear] {
            for sold in seller.adapter.sold() {
                received.insert((seller.id, sold.activation.external_id), sold.messages.len());
            }
        }
        for order in self.market.store.all_orders().await {
            let stored = self.market.store.history(order.id).await?.len();
            let Some(lease) = order.lease() else { continue };
            let sent = received.get(&(order.quote.provider, lease.external_id.clone()));
            if sent.is_none_or(|sent| stored > *sent) {
                return Err(format!("order {}: {stored} messages of {sent:?}", order.id).into());
            }
        }
        Ok(())
    }
}

/// What the providers do by themselves.
impl Life {
    fn happen_upstream(&mut self) {
        self.market.clock.advance_seconds(u64::from(self.dice.below(25)));
        let seller =
            if self.dice.happens(700) { &self.market.cheap } else { &self.market.dear }.clone();
        match self.dice.below(10) {
            0..4 => self.send_message(&seller),
            4 if self.dice.happens(300) => self.end_number(&seller),
            5..8 => self.script_sales(&seller),
            8 => self.script_answers(&seller),
            _ => {}
        }
    }

    /// A message arrives on some number that runs; its callback may be told from now on.
    fn send_message(&mut self, seller: &Seller) {
        let sold = seller.adapter.sold();
        let running: Vec<_> = sold.iter().filter(|sold| sold.is_running()).collect();
        let Some(sold) = self.dice.pick(&running) else { return };
        let external_id = sold.activation.external_id.clone();
        self.messages += 1;
        // Services often send the same code again.
        let code = format!("{:04}", self.dice.below(3) + 1_000);
        let text = format!("Your code is {code}");
        let shown = self.dice.happens(700).then_some(text.as_str());
        if seller.adapter.deliver(&external_id, Some(&code), shown) {
            self.callbacks.push(Callback {
                provider: seller.id,
                external_id,
                code: self.dice.happens(500).then(|| code.into()),
                text: SmsText::new(&text),
                received_at: format!("message {}", self.messages),
            });
        }
    }

    fn end_number(&mut self, seller: &Seller) {
        let sold = seller.adapter.sold();
        if let Some(sold) = self.dice.pick(&sold) {
            seller.adapter.end(&sold.activation.external_id);
        }
    }

    fn script_sales(&mut self, seller: &Seller) {
        for _ in 0..self.dice.below(3) {
            let sale = match self.dice.below(8) {
                0 | 1 => Sale::Refused(Refusal::OutOfStock),
                2 => Sale::Refused(Refusal::Mapping),
                3 => Sale::AnswerLost,
                4 => Sale::RequestLost,
                5 => Sale::SoldGarbled,
                6 => Sale::RefusedGarbled,
                _ => Sale::Sold,
            };
            seller.adapter.then_sale(sale);
        }
    }

    fn script_answers(&mut self, seller: &Seller) {
        let silence = ProviderError::Unavailable("timeout");
        match self.dice.below(5) {
            0 => seller.adapter.then_status(Err(silence)),
            1 => seller.adapter.then_status(Ok(UpstreamStatus::Missing)),
            2 => seller.adapter.then_listing(Err(silence)),
            3 => seller.adapter.then_cancel(Ok(CancelOutcome::TooEarly)),
            _ => seller.adapter.then_finish_fails(silence),
        };
    }
}

/// What somebody of ours is about to do.
enum Choice {
    Buy(PlaceCommand),
    Cancel(UserId, OrderId),
    Finish(UserId, OrderId),
    Resend(UserId, OrderId),
    Callback(Callback),
    StartTopup(UserId, usize),
    Notify(usize, Vec<u8>),
    Refund(RefundCommand),
    Canary(u32),
    Work(u32),
    Dawdle(u64),
}

impl Life {
    fn choose(&mut self, orders: &[Order]) -> Choice {
        let worker = Choice::Work(self.dice.below(8));
        match self.dice.below(16) {
            0..4 => self.choose_purchase(),
            4..7 => self.choose_step(orders).unwrap_or(worker),
            7..9 => {
                let callback = self.dice.pick(&self.callbacks).cloned();
                callback.map_or(worker, Choice::Callback)
            }
            9 => self.choose_payment(),
            10 => self.choose_pause(),
            11 if self.dice.happens(200) => {
                // One that is heard of again while it sings rightly sings once more.
                self.canaries += 1;
                Choice::Canary(self.canaries)
            }
            _ => worker,
        }
    }

    /// Mostly shorter than a lease; now and then longer than everybody's patience.
    fn choose_pause(&mut self) -> Choice {
        let longest = if self.dice.happens(100) { 300 } else { 50 };
        Choice::Dawdle(u64::from(self.dice.below(longest)))
    }

    fn choose_purchase(&mut self) -> Choice {
        let quantity = self.dice.below(3) + 1;
        let key = self.dice.happens(500).then(|| format!("key-{}", self.dice.below(4)));
        let mut command = self.market.command(quantity, key.as_deref());
        if let Some(user) = self.dice.pick(&self.users) {
            command.user = *user;
        }
        Choice::Buy(command)
    }

    fn choose_step(&mut self, orders: &[Order]) -> Option<Choice> {
        let order = self.dice.pick(orders)?;
        let (user, id) = (order.user, order.id);
        Some(match self.dice.below(4) {
            0 => Choice::Finish(user, id),
            1 => Choice::Resend(user, id),
            _ => Choice::Cancel(user, id),
        })
    }

    fn choose_payment(&mut self) -> Choice {
        let known = self.dice.pick(&self.hints).cloned();
        let gateway = self.choose_gateway();
        match (known, self.dice.below(10)) {
            (Some((gateway, raw)), 0..6) => Choice::Notify(gateway, raw),
            (_, 6) => self.choose_refund().unwrap_or(Choice::Work(6)),
            _ => {
                let user = *self.dice.pick(&self.users).unwrap_or(&self.market.user);
                Choice::StartTopup(user, gateway)
            }
        }
    }

    fn choose_gateway(&mut self) -> usize {
        usize::try_from(self.dice.below(3)).unwrap_or_default() % GATEWAYS
    }

    fn choose_refund(&mut self) -> Option<Choice> {
        let gateway = self.choose_gateway();
        let topup = self.dice.pick(&self.gateway(gateway).payments())?.topup?;
        let amount = Amount::new(i64::from(self.dice.below(60_000)));
        let [operator, approver, reason] = ["Ada", "Grace", "asked for"].map(str::to_owned);
        Some(Choice::Refund(RefundCommand { topup, amount, operator, approver, reason }))
    }

    /// Whether it succeeds is not asked: the books, the story and what was promised are.
    fn perform(&self, choice: Choice) -> Deed<'_> {
        let market = &self.market;
        Box::pin(async move {
            match choice {
                Choice::Buy(command) => {
                    let answer = market.place_orders().execute(command.clone()).await;
                    return Promise::of(command, answer);
                }
                Choice::Cancel(user, id) => {
                    let answer = market.cancel_order().execute(user, id).await;
                    return answer.ok().map(|_| Promise::Canceled(id));
                }
                Choice::Finish(user, id) => {
                    let answer = market.finish_order().execute(user, id).await;
                    return answer.ok().map(|_| Promise::Completed(id));
                }
                Choice::Resend(user, id) => drop(market.resend_order().execute(user, id).await),
                Choice::Callback(callback) => drop(market.receive_sms().execute(&callback).await),
                Choice::StartTopup(user, gateway) => {
                    if let Some(amount) = Amount::new(PAID) {
                        let start = market.start_topup_at(self.gateway(gateway));
                        drop(start.execute(user, amount).await);
                    }
                }
                Choice::Notify(gateway, raw) => {
                    drop(market.tell(self.gateway(gateway), &raw).await);
                }
                Choice::Refund(command) => drop(market.order_refund().execute(&command).await),
                Choice::Canary(name) => drop(market.send_canary(&format!("drill-{name}")).await),
                // Time that passes while others are in the middle of their work.
                Choice::Dawdle(seconds) => {
                    drop(market.store.newest().await);
                    market.clock.advance_seconds(seconds);
                }
                Choice::Work(0) => drop(market.settle_reserving().run_once().await),
                Choice::Work(1) => drop(market.poll_active().run_once().await),
                Choice::Work(2) => drop(market.expire_orders().run_once().await),
                Choice::Work(3) => drop(market.poll_topups().run_once().await),
                Choice::Work(4) => drop(market.catch_up().run_once().await),
                Choice::Work(5) => drop(market.collect_debts().run_once().await),
                Choice::Work(_) => drop(market.run_tasks().await),
            }
            None
        })
    }
}

/// Which lives to live: those of every run, as many as `SIM_SEEDS` says, from `SIM_FIRST` on. A
/// failure names its seed; `SIM_FIRST=that SIM_SEEDS=1` lives that life again.
#[expect(clippy::disallowed_methods, reason = "for runs by hand: no process is configured by it")]
fn seeds() -> Outcome<Range<u64>> {
    let number = |name: &str, otherwise: u64| {
        std::env::var(name).map_or(Ok(otherwise), |text| text.parse::<u64>())
    };
    let first = number("SIM_FIRST", 0)?;
    Ok(first..first.saturating_add(number("SIM_SEEDS", LIVES)?))
}

async fn lives(storm: u32) -> Outcome {
    let (mut ended, mut calls, mut deaths) = (0, 0, 0);
    for seed in seeds()? {
        let life = live(seed, storm).await;
        let life = life.map_err(|error| format!("seed {seed}, storm {storm}: {error}"))?;
        (ended, calls, deaths) = (ended + 1, calls + life.calls, deaths + life.deaths);
    }
    eprintln!("storm {storm}: {ended} lives, {calls} calls, {deaths} deaths");
    Ok(())
}

async fn live(seed: u64, storm: u32) -> Outcome<Life> {
    let mut life = Life::begin(seed, storm).await?;
    life.live().await?;
    life.end().await?;
    Ok(life)
}

#[tokio::test]
async fn all_agree_in_fair_weather() -> Outcome {
    lives(0).await
}

#[tokio::test]
async fn all_agree_in_rough_weather() -> Outcome {
    lives(10).await
}

#[tokio::test]
async fn all_agree_in_a_storm() -> Outcome {
    lives(60).await
}
