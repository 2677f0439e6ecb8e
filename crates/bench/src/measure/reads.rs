use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::{Customers, shop::Shop};
use crate::{
    load::{Connection, Kind, Rate, Requests},
    postgres::Script,
    stack::start_bare,
};

/// Reads per second, and what bounds them.
pub(crate) struct Reads {
    pub(crate) balance: Read,
    pub(crate) order: Read,
    /// HTTP and our layers, with the shortest answer there is.
    pub(crate) health: Vec<Rate>,
}

/// One read in four forms, measured in turns.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) bytes: usize,
    /// By the API.
    pub(crate) served: Vec<Rate>,
    /// As many bytes from memory, by the same framework under the same layers.
    pub(crate) layered: Vec<Rate>,
    /// The same without the layers.
    pub(crate) alone: Vec<Rate>,
    /// The statement alone, through pgbench.
    pub(crate) sql: Vec<Rate>,
}

impl Reads {
    pub(super) async fn measure(shop: &Shop<'_>) -> anyhow::Result<Self> {
        let ground = shop.ground();
        let orders = shop.buy(&ground.tokens).await?;
        let users = [ground.purchase.first_user, ground.purchase.last_user];
        let first = *orders.first().context("nothing was bought")?;
        ensure!(orders.iter().copied().eq((first..).take(orders.len())), "orders with holes");
        let asked = |kind| shop.requests(kind, Customers::All).of_orders(first);
        let balance_bytes = length(shop, asked(Kind::Balance)).await?;
        let order_bytes = length(shop, asked(Kind::Order)).await?;
        let bare = start_bare(ground, [balance_bytes, order_bytes]).await?;
        let mut balance = Read { bytes: balance_bytes, ..Read::default() };
        let mut order = Read { bytes: order_bytes, ..Read::default() };
        let mut health = Vec::new();
        let balances = Script::balance(users)?;
        let of_users = Script::order(users, first - ground.purchase.first_user)?;
        for _ in 0..shop.rounds() {
            for (read, kind, script) in
                [(&mut balance, Kind::Balance, &balances), (&mut order, Kind::Order, &of_users)]
            {
                read.sql.push(shop.read_plainly(script).await?);
                read.served.push(shop.read(shop.api(), asked(kind)).await?);
                read.layered.push(shop.read(bare.address, asked(kind)).await?);
                read.alone.push(shop.read(bare.address, asked(kind).under("/alone")).await?);
            }
            health.push(shop.ask(Kind::Health, Customers::All).await?.rate);
        }
        bare.stop().await?;
        let refused: u64 = balance.served.iter().chain(&order.served).map(|it| it.refused).sum();
        ensure!(refused == 0, "{refused} reads were refused");
        Ok(Self { balance, order, health })
    }

    pub(crate) fn json(&self) -> Value {
        let rates = |rates: &[Rate]| rates.iter().map(Rate::json).collect::<Vec<_>>();
        let read = |it: &Read| {
            json!({
                "bytes": it.bytes,
                "served": rates(&it.served),
                "layered": rates(&it.layered),
                "alone": rates(&it.alone),
                "sql": rates(&it.sql),
            })
        };
        json!({
            "balance": read(&self.balance),
            "order": read(&self.order),
            "health": rates(&self.health),
        })
    }
}

/// How long the body of an answer is.
async fn length(shop: &Shop<'_>, mut requests: Requests) -> anyhow::Result<usize> {
    let mut request = Vec::new();
    requests.write(&mut request);
    let mut connection = Connection::open(shop.api()).await?;
    let reply = connection.send(&request).await?;
    ensure!(reply.status == 200, "a read was answered {}", reply.status);
    Ok(reply.body.len())
}
