use super::{FailReason, IllegalTransition, Status};
use crate::{
    ids::{CarrierId, CatalogProductId, ExternalId, OrderId, ProductId, ProviderId, UserId},
    ledger::chart::OrderMoney,
    money::{Amount, Cost},
    providers::{PhoneNumber, SmsCode, SmsText},
    test_mode,
    time::Timestamp,
};

/// A customer's claim to one number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its public id.
    pub id: OrderId,
    /// Whose it is.
    pub user: UserId,
    /// The price tier it was bought from; moves on failover.
    pub product: ProductId,
    /// The country × service it was bought for.
    pub catalog_product: CatalogProductId,
    /// The mobile network it was bought for, if one was chosen.
    pub carrier: Option<CarrierId>,
    /// Counts the providers asked; part of the money's key.
    pub attempt: i16,
    /// What the customer pays.
    pub price: Amount,
    /// With whom it is bought, and at what cost to us.
    pub quote: Quote,
    /// Where it stands.
    pub state: OrderState,
    /// Whether the provider may still think that the number is ours.
    pub upstream_open: bool,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub changed_at: Timestamp,
}

/// What is asked of which provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// Who is asked.
    pub provider: ProviderId,
    /// The provider's code of the service.
    pub service: String,
    /// The provider's code of the country.
    pub country: String,
    /// What the provider wants.
    pub cost: Cost,
    /// The number that is asked for once more; nothing where any will do.
    pub again: Option<Again>,
}

/// A number that was rented before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// The provider's id of the rental that is over.
    pub activation: ExternalId,
    /// The number.
    pub phone: PhoneNumber,
}

/// Where an order stands. Each state carries exactly the data that exists in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderState {
    /// Money is held, no number yet; not public. A provider may be selling right now.
    Reserving {
        /// When the provider of this attempt was about to be asked.
        attempted_at: Timestamp,
    },
    /// A number is rented and waits for its first SMS.
    Active {
        /// The number.
        lease: Lease,
    },
    /// At least one SMS was stored: the money is earned, more may come.
    Delivered {
        /// The number.
        lease: Lease,
        /// What came.
        delivery: Delivery,
    },
    /// Ended with an SMS.
    Completed {
        /// The number.
        lease: Lease,
        /// What came.
        delivery: Delivery,
    },
    /// Ended without an SMS, before its time; money returned.
    Canceled {
        /// The number.
        lease: Lease,
        /// When.
        at: Timestamp,
    },
    /// Ended without an SMS at the end of its window; money returned.
    Expired {
        /// The number.
        lease: Lease,
    },
    /// Never had a number; money returned; not public.
    Failed {
        /// Why.
        reason: FailReason,
    },
}

/// A number rented for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The provider's id of it.
    pub external_id: ExternalId,
    /// The number.
    pub phone: PhoneNumber,
    /// Since when.
    pub activated_at: Timestamp,
    /// When the window closes.
    pub expires_at: Timestamp,
    /// From when the customer may cancel.
    pub cancel_from: Timestamp,
    /// From when the customer may ask for a further SMS; nothing until one was delivered.
    pub resend_from: Option<Timestamp>,
}

/// What a number received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// How many messages are stored.
    pub revision: i32,
    /// The last recognised code.
    pub code: Option<SmsCode>,
    /// The last text; nothing once it was forgotten.
    pub text: Option<SmsText>,
    /// When the first message was stored.
    pub first_at: Timestamp,
}

impl Delivery {
    /// The code in the clear, for its owner.
    pub fn shown_code(&self) -> Option<String> {
        self.code.as_ref().map(|code| code.reveal().to_owned())
    }

    /// The text in the clear, for its owner.
    pub fn shown_text(&self) -> Option<String> {
        self.text.as_ref().map(|text| text.reveal().to_owned())
    }
}

impl Order {
    /// The state as a name.
    pub const fn status(&self) -> Status {
        match self.state {
            OrderState::Reserving { .. } => Status::Reserving,
            OrderState::Active { .. } => Status::Active,
            OrderState::Delivered { .. } => Status::OtpReceived,
            OrderState::Completed { .. } => Status::Completed,
            OrderState::Canceled { .. } => Status::Canceled,
            OrderState::Expired { .. } => Status::Expired,
            OrderState::Failed { .. } => Status::Failed,
        }
    }

    /// The money of the present attempt.
    pub const fn money(&self) -> OrderMoney {
        OrderMoney {
            order: self.id,
            attempt: self.attempt,
            user: self.user,
            price: self.price,
            currency: test_mode::currency(self.quote.provider),
        }
    }

    /// When the provider of the present attempt was about to be asked, while it has no number.
    pub const fn attempted_at(&self) -> Option<Timestamp> {
        match self.state {
            OrderState::Reserving { attempted_at } => Some(attempted_at),
            _ => None,
        }
    }

    /// The number, in every state that has one.
    pub const fn lease(&self) -> Option<&Lease> {
        match &self.state {
            OrderState::Active { lease }
            | OrderState::Delivered { lease, .. }
            | OrderState::Completed { lease, .. }
            | OrderState::Canceled { lease, .. }
            | OrderState::Expired { lease } => Some(lease),
            OrderState::Reserving { .. } | OrderState::Failed { .. } => None,
        }
    }

    /// What came, in every state that follows an SMS.
    pub const fn delivery(&self) -> Option<&Delivery> {
        match &self.state {
            OrderState::Delivered { delivery, .. } | OrderState::Completed { delivery, .. } => {
                Some(delivery)
            }
            _ => None,
        }
    }

    /// Turns to the next offer after a definite no. The old hold must be released and a new one
    /// posted in the same unit.
    ///
    /// # Errors
    /// Unless it is reserving.
    pub fn reoffer(
        mut self,
        product: ProductId,
        price: Amount,
        quote: Quote,
        at: Timestamp,
    ) -> Result<Self, IllegalTransition> {
        let OrderState::Reserving { .. } = self.state else {
            return Err(self.illegal("offered elsewhere"));
        };
        self.attempt = self.attempt.saturating_add(1);
        self.product = product;
        self.price = price;
        self.quote = quote;
        Ok(self.moved(OrderState::Reserving { attempted_at: at }, at))
    }

    /// A number arrived.
    ///
    /// # Errors
    /// Unless it is reserving.
    pub fn activate(mut self, lease: Lease, at: Timestamp) -> Result<Self, IllegalTransition> {
        match self.state {
            OrderState::Reserving { .. } => {
                self.upstream_open = true;
                Ok(self.moved(OrderState::Active { lease }, at))
            }
            _ => Err(self.illegal("activated")),
        }
    }

    /// No number is to be had. The hold must be released in the same unit.
    ///
    /// # Errors
    /// Unless it is reserving.
    pub fn fail(self, reason: FailReason, at: Timestamp) -> Result<Self, IllegalTransition> {
        match self.state {
            OrderState::Reserving { .. } => Ok(self.moved(OrderState::Failed { reason }, at)),
            _ => Err(self.illegal("failed")),
        }
    }

    /// A new SMS arrived. The hold must be captured in the same unit if it is the first one.
    ///
    /// # Errors
    /// Unless it is active or has an SMS already.
    pub fn receive(
        mut self,
        text: SmsText,
        code: Option<SmsCode>,
        at: Timestamp,
    ) -> Result<Self, IllegalTransition> {
        let (mut lease, before) = match self.state {
            OrderState::Active { lease } => (lease, None),
            OrderState::Delivered { lease, delivery } => (lease, Some(delivery)),
            other => {
                self.state = other;
                return Err(self.illegal("delivered"));
            }
        };
        lease.resend_from = lease.resend_from.or(Some(at));
        let text = Some(text);
        let delivery = match before {
            None => Delivery { revision: 1, code, text, first_at: at },
            Some(old) => Delivery {
                revision: old.revision.saturating_add(1),
                code: code.or(old.code),
                text,
                first_at: old.first_at,
            },
        };
        self.state = OrderState::Delivered { lease, delivery };
        self.changed_at = at;
        Ok(self)
    }

    /// The full text of the newest message became known; no new message.
    ///
    /// # Errors
    /// Unless an SMS was delivered.
    pub fn retext(mut self, text: SmsText, at: Timestamp) -> Result<Self, IllegalTransition> {
        match &mut self.state {
            OrderState::Delivered { delivery, .. } | OrderState::Completed { delivery, .. } => {
                delivery.text = Some(text);
                self.changed_at = at;
                Ok(self)
            }
            _ => Err(self.illegal("given a text")),
        }
    }

    /// A further SMS was asked for; the next request has to wait until `from`.
    ///
    /// # Errors
    /// Unless an SMS was delivered.
    pub fn resent(mut self, from: Timestamp, at: Timestamp) -> Result<Self, IllegalTransition> {
        let OrderState::Delivered { lease, .. } = &mut self.state else {
            return Err(self.illegal("sent again"));
        };
        lease.resend_from = Some(from);
        self.changed_at = at;
        Ok(self)
    }

    /// Done, by the customer or at the end of its window.
    ///
    /// # Errors
    /// Unless an SMS was delivered.
    pub fn complete(mut self, at: Timestamp) -> Result<Self, IllegalTransition> {
        match self.state {
            OrderState::Delivered { lease, delivery } => {
                self.state = OrderState::Completed { lease, delivery };
                self.changed_at = at;
                Ok(self)
            }
            other => {
                self.state = other;
                Err(self.illegal("completed"))
            }
        }
    }

    /// Ended early without an SMS. The hold must be released in the same unit.
    ///
    /// # Errors
    /// Unless it is active.
    pub fn cancel(mut self, at: Timestamp) -> Result<Self, IllegalTransition> {
        match self.state {
            OrderState::Active { lease } => {
                self.state = OrderState::Canceled { lease, at };
                self.changed_at = at;
                Ok(self)
            }
            other => {
                self.state = other;
                Err(self.illegal("canceled"))
            }
        }
    }

    /// The window is over without an SMS. The hold must be released in the same unit.
    ///
    /// # Errors
    /// Unless it is active and its window is over.
    pub fn expire(mut self, at: Timestamp) -> Result<Self, IllegalTransition> {
        match self.state {
            OrderState::Active { lease } if lease.expires_at <= at => {
                self.state = OrderState::Expired { lease };
                self.changed_at = at;
                Ok(self)
            }
            other => {
                self.state = other;
                Err(self.illegal("expired"))
            }
        }
    }

    fn moved(mut self, state: OrderState, at: Timestamp) -> Self {
        self.state = state;
        self.changed_at = at;
        self
    }

    const fn illegal(&self, step: &'static str) -> IllegalTransition {
        IllegalTransition { from: self.status(), step }
    }
}
