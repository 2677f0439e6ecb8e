use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use serde_json::Value;
use tokio::time::Instant;

use super::{client::Api, goods::Goods, pool::Scene};
use crate::{
    history::{Answer, Call, Outcome},
    random::Random,
    stack::Customer,
};

/// Orders and keys a customer keeps in mind.
const MEMORY: usize = 40;
/// More open questions than this, and nothing new is begun.
const OPEN_QUESTIONS: usize = 4;
/// How long it may take until a repeated request is told the truth, with all well again.
const TRUTH: Duration = Duration::from_secs(90);

/// One customer, who repeats with the same key whatever stays unclear, as a careful client does.
pub(super) struct Buyer {
    scene: Arc<Scene>,
    api: Api,
    goods: Arc<Goods>,
    random: Random,
    number: i64,
    turn: u64,
    /// What the customer knows of own orders: the newest status seen.
    orders: BTreeMap<i64, String>,
    /// Purchases whose outcome is not known.
    open: VecDeque<(String, Value)>,
    /// Purchases whose outcome is known.
    done: VecDeque<(String, Value)>,
}

#[derive(Clone, Copy)]
enum Wish {
    Buy,
    BuyTwice,
    Repeat,
    Cancel,
    Finish,
    Resend,
    Read,
    List,
    Balance,
}

const WISHES: [(u64, Wish); 9] = [
    (40, Wish::Buy),
    (4, Wish::BuyTwice),
    (5, Wish::Repeat),
    (9, Wish::Cancel),
    (7, Wish::Finish),
    (3, Wish::Resend),
    (20, Wish::Read),
    (8, Wish::List),
    (4, Wish::Balance),
];

impl Buyer {
    pub(super) fn new(
        scene: Arc<Scene>,
        customer: &Customer,
        goods: Arc<Goods>,
    ) -> anyhow::Result<Self> {
        let (api, number) = (Api::of(&scene, customer)?, customer.id);
        let random = Random::of(scene.seed, &customer.email);
        let (open, done) = (VecDeque::new(), VecDeque::new());
        let orders = BTreeMap::new();
        Ok(Self { scene, api, goods, random, number, turn: 0, orders, open, done })
    }

    pub(super) async fn run(mut self) -> anyhow::Result<()> {
        loop {
            let pause = Duration::from_millis(self.random.between(5, 120));
            if !self.scene.pause(pause).await {
                return self.settle().await;
            }
            self.step().await?;
        }
    }

    async fn step(&mut self) -> anyhow::Result<()> {
        let asks_again = self.open.len() > OPEN_QUESTIONS || self.random.chance(50);
        if asks_again && !self.open.is_empty() {
            return self.ask_again().await;
        }
        match self.random.weighted(&WISHES).unwrap_or(Wish::List) {
            Wish::Buy => self.buy(false).await,
            Wish::BuyTwice => self.buy(true).await,
            Wish::Repeat => self.repeat().await,
            Wish::Cancel => self.act("ACTIVE", |order| Call::Cancel { order }).await,
            Wish::Finish => self.act("OTP_RECEIVED", |order| Call::Finish { order }).await,
            Wish::Resend => self.act("OTP_RECEIVED", |order| Call::Resend { order }).await,
            Wish::Read => self.act("", |order| Call::Read { order }).await,
            Wish::List => self.look(Call::List).await,
            Wish::Balance => self.look(Call::Balance).await,
        }
    }

    /// Begins a purchase; twice at once with one key when `doubled`.
    async fn buy(&mut self, doubled: bool) -> anyhow::Result<()> {
        self.turn += 1;
        let key = format!("c{}-{}", self.number, self.turn);
        let body = self.goods.wish(&mut self.random);
        let call = Call::Buy { key: key.clone(), body: body.clone() };
        let front = self.front();
        let (answer, other) = if doubled {
            let first = self.api.call(&self.scene, front, call.clone());
            let second = self.api.call(&self.scene, front + 1, call);
            let (first, second) = tokio::try_join!(first, second)?;
            (first, Some(second))
        } else {
            (self.api.call(&self.scene, front, call).await?, None)
        };
        let answers: Vec<_> = [Some(answer), other].into_iter().flatten().collect();
        let is_known = answers.iter().any(|it| it.outcome != Outcome::Unknown);
        for answer in &answers {
            self.note(answer);
        }
        if is_known {
            self.remember(key, body);
        } else {
            self.open.push_back((key, body));
        }
        Ok(())
    }

    /// Asks for the outcome of the oldest open purchase by repeating it.
    async fn ask_again(&mut self) -> anyhow::Result<()> {
        let Some((key, body)) = self.open.pop_front() else { return Ok(()) };
        let call = Call::Buy { key: key.clone(), body: body.clone() };
        let front = self.front();
        let answer = self.api.call(&self.scene, front, call).await?;
        self.note(&answer);
        if answer.outcome == Outcome::Unknown {
            self.open.push_back((key, body));
        } else {
            self.remember(key, body);
        }
        Ok(())
    }

    /// Repeats a purchase that succeeded: it must not be made again.
    async fn repeat(&mut self) -> anyhow::Result<()> {
        let Some((key, body)) = self.done.pop_front() else { return Ok(()) };
        let call = Call::Buy { key: key.clone(), body: body.clone() };
        let front = self.front();
        let answer = self.api.call(&self.scene, front, call).await?;
        self.note(&answer);
        if answer.outcome == Outcome::Unknown {
            self.open.push_back((key, body));
        }
        Ok(())
    }

    async fn act(&mut self, status: &str, make: fn(i64) -> Call) -> anyhow::Result<()> {
        let fitting = self.orders.iter().filter(|(_, it)| status.is_empty() || *it == status);
        let fitting: Vec<i64> = fitting.map(|(id, _)| *id).collect();
        let Some(order) = self.random.pick(&fitting).copied() else {
            return self.look(Call::List).await;
        };
        self.look(make(order)).await
    }

    async fn look(&mut self, call: Call) -> anyhow::Result<()> {
        let front = self.front();
        let answer = self.api.call(&self.scene, front, call).await?;
        self.note(&answer);
        Ok(())
    }

    fn front(&mut self) -> usize {
        usize::from(self.random.chance(50))
    }

    fn note(&mut self, answer: &Answer) {
        for order in &answer.orders {
            self.orders.insert(order.id, order.status.clone());
        }
        while self.orders.len() > MEMORY {
            self.orders.pop_first();
        }
    }

    fn remember(&mut self, key: String, body: Value) {
        self.done.push_back((key, body));
        if self.done.len() > MEMORY {
            self.done.pop_front();
        }
    }

    /// Asks until every purchase has an outcome. What still has none is left to the checker.
    async fn settle(mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + TRUTH;
        while !self.open.is_empty() && Instant::now() < deadline {
            self.ask_again().await?;
            tokio::time::sleep(Duration::from_millis(self.random.between(50, 200))).await;
        }
        Ok(())
    }
}
