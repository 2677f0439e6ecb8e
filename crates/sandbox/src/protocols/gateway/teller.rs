use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{ActError, Letter, Mailbox, Members, Parcel, Sending};

/// How the control API names a payment.
pub(crate) enum Target {
    /// The gateway's own id.
    Id(String),
    /// The shop's number.
    Order(String),
}

/// The id of each callback with the first statuses of its sending.
pub(crate) type Sent = Vec<(String, Vec<u16>)>;

/// In which shape a callback reaches its receiver.
pub(crate) trait Shape: Copy + DeserializeOwned + Send + Sync + 'static {
    /// As it should be.
    const FRESH: Self;

    /// How often the same bytes leave.
    fn copies(self) -> usize;

    /// Whether a receiver that knows all keys has to take it, and the gateway would have sent it.
    fn is_genuine(self) -> bool;
}

/// A gateway that calls the shop back about each payment.
pub(crate) trait Teller: Send + Sync + 'static {
    type Shape: Shape;
    /// What can happen to a payment besides being paid.
    type Act: DeserializeOwned + Send;

    fn mailbox(&self) -> &Arc<Mailbox>;

    /// How callbacks go that nobody asks for in another way.
    fn usual(&self) -> Self::Shape;

    /// Writes and signs what a callback says.
    fn letter(&self, how: Self::Shape, facts: Members) -> Letter;

    /// The gateway's id of a payment.
    fn resolve(&self, target: &Target) -> Result<String, ActError>;

    /// Lets something happen to a payment and returns the callbacks to send.
    fn act(&self, id: &str, act: Self::Act) -> Result<Vec<String>, ActError>;

    /// How a payment stands, with its `order_id`.
    fn standing(&self, id: &str) -> Result<Value, ActError>;

    /// The newest payments and callbacks, newest first.
    fn view(&self, newest: usize) -> Value;

    /// Who paid and got back what, payment by payment, the newest first.
    fn truth(&self) -> Value;

    /// The callbacks recorded about a payment's order, the oldest first.
    fn callbacks(&self, id: &str) -> Result<Vec<String>, ActError> {
        let standing = self.standing(id)?;
        Ok(self.mailbox().about(standing["order_id"].as_str().unwrap_or_default()))
    }

    /// Sends callbacks one after the other.
    fn deliver(
        &self,
        callbacks: &[String],
        sending: &Sending<Self::Shape>,
    ) -> impl Future<Output = Result<Sent, ActError>> + Send {
        async move {
            let mut sent = Vec::new();
            for id in callbacks {
                let statuses = match self.parcel(id, sending)? {
                    Some(parcel) => self.mailbox().send(parcel).await,
                    None => Vec::new(),
                };
                sent.push((id.clone(), statuses));
            }
            Ok(sent)
        }
    }

    /// What to send and where to; nothing when the shop named no receiver.
    fn parcel(&self, id: &str, sending: &Sending<Self::Shape>) -> Result<Option<Parcel>, ActError> {
        let callback = self.mailbox().get(id).ok_or(ActError::Unknown)?;
        let how = sending.how.unwrap_or_else(|| self.usual());
        let (Some(url), 1..) = (callback.url, how.copies()) else { return Ok(None) };
        let letter = self.letter(how, sending.altered(callback.facts)?);
        Ok(Some(Parcel {
            callback_id: id.to_owned(),
            url,
            letters: vec![letter; how.copies() * sending.times],
            is_genuine: how.is_genuine(),
        }))
    }
}
