use std::fmt;

use super::{About, Message, Places};
use crate::{
    inbox::StoredMessage,
    orders::{Capabilities, Delivery, Order, OrderState, OrderView},
    providers::{SmsCode, SmsText},
    time::Timestamp,
};

/// What the body of a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// What happened to an order.
    Order(Box<OrderNews>),
    /// Nothing happened.
    Test,
}

/// An order as its owner is told of it: as it stood when the event happened.
#[derive(Clone, PartialEq, Eq)]
pub struct OrderNews {
    /// The order.
    pub order: Order,
    /// The last code recognised by then.
    pub code: Option<SmsCode>,
    /// The text of the SMS that the message tells of; of the last one at the end of an order.
    pub text: Option<SmsText>,
    /// The number of that SMS; nothing at the end of an order.
    pub revision: Option<i32>,
    /// What country and service are called.
    pub places: Places,
    /// What the mobile network is called.
    pub carrier_name: Option<String>,
    /// What could be done with it.
    pub capabilities: Capabilities,
}

impl fmt::Debug for OrderNews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrderNews({}, {:?})", self.order.id, self.revision)
    }
}

impl OrderNews {
    /// What `message` tells, from what is stored by now; nothing when its order is not there.
    ///
    /// The same whenever it is asked, but for a text that became known in full after its code:
    /// an SMS is told as it stood although more came since, and so is what could be done then.
    pub fn of(
        message: &Message,
        view: OrderView,
        history: &[StoredMessage],
        places: Places,
    ) -> Option<Self> {
        let About::Order { revision, resend_from, .. } = message.about else { return None };
        let OrderView { order, carrier_name, reactivates } = view;
        let (code, text) = match revision {
            Some(revision) => as_of(&order, history, revision),
            None => order.delivery().map_or((None, None), told),
        };
        let then = match revision {
            Some(_) => when_delivered(&order, resend_from),
            None => order.clone(),
        };
        Some(Self {
            capabilities: OrderView { order: then, carrier_name: None, reactivates }
                .capabilities(message.at),
            order,
            code,
            text,
            revision,
            places,
            carrier_name,
        })
    }
}

/// Code and text of the newest SMS.
fn told(delivery: &Delivery) -> (Option<SmsCode>, Option<SmsText>) {
    (delivery.code.clone(), delivery.text.clone())
}

/// Code and text as they stood when the SMS of `revision` was stored.
fn as_of(
    order: &Order,
    history: &[StoredMessage],
    revision: i32,
) -> (Option<SmsCode>, Option<SmsText>) {
    if let Some(delivery) = order.delivery().filter(|it| it.revision == revision) {
        return told(delivery);
    }
    let mut until = history.iter().rev().filter(|message| message.revision <= revision);
    let text = history.iter().find(|message| message.revision == revision);
    let code = until.find_map(|message| message.code.clone());
    (code, text.and_then(|message| message.text.clone()))
}

/// The order while it waited for further messages.
fn when_delivered(order: &Order, resend_from: Option<Timestamp>) -> Order {
    let (Some(lease), Some(delivery)) = (order.lease(), order.delivery()) else {
        return order.clone();
    };
    let (mut lease, delivery) = (lease.clone(), delivery.clone());
    lease.resend_from = resend_from;
    Order { state: OrderState::Delivered { lease, delivery }, ..order.clone() }
}
