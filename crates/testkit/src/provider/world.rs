use std::collections::BTreeMap;

use domain::{
    ids::ExternalId,
    money::Cost,
    providers::{
        AcquireRequest, Activation, ActiveActivation, CancelOutcome, ListedCountry, ListedOffer,
        ListedService, PhoneNumber, ProviderCatalog, SmsCode, SmsText, UpstreamStatus,
    },
};

/// What the provider knows of one number it sold.
#[derive(Debug, Clone)]
pub struct Sold {
    /// The number and its id.
    pub activation: Activation,
    /// For which service.
    pub service: String,
    /// For which country.
    pub country: String,
    /// What it costs us if a message comes.
    pub cost: Cost,
    /// Code and text of every message, oldest first.
    pub messages: Vec<(Option<SmsCode>, Option<SmsText>)>,
    /// True once we asked for a further message, until it comes.
    pub awaits_more: bool,
    /// Given back before a message came.
    pub canceled: bool,
    /// Over, because we said so or by itself.
    pub finished: bool,
}

impl Sold {
    /// Whether the provider takes our money for it.
    pub const fn is_charged(&self) -> bool {
        !self.messages.is_empty()
    }

    /// Whether the provider still keeps the number for us.
    pub const fn is_running(&self) -> bool {
        !self.canceled && !self.finished
    }
}

/// The numbers of one provider.
#[derive(Debug, Default)]
pub(super) struct World {
    next: u64,
    sold: BTreeMap<ExternalId, Sold>,
}

impl World {
    /// Numbers of different providers start far apart, so that ids are told apart in a failure.
    pub(super) fn starting_at(next: u64) -> Self {
        Self { next, sold: BTreeMap::new() }
    }

    /// Sells a number; nothing when the world has run out of ids.
    pub(super) fn sell(&mut self, request: &AcquireRequest) -> Option<Activation> {
        self.next += 1;
        let external_id = ExternalId::parse(&self.next.to_string())?;
        let phone = PhoneNumber::parse(&format!("62{:010}", self.next))?;
        let activation = Activation { external_id, phone, cost: Some(request.max_cost) };
        let sold = Sold {
            activation: activation.clone(),
            service: request.service.clone(),
            country: request.country.clone(),
            cost: request.max_cost,
            messages: Vec::new(),
            awaits_more: false,
            canceled: false,
            finished: false,
        };
        self.sold.insert(activation.external_id.clone(), sold);
        Some(activation)
    }

    /// Sells a number again that is over; nothing while it runs.
    pub(super) fn sell_again(&mut self, id: &ExternalId) -> Option<Activation> {
        let before = self.sold.get(id)?.clone();
        let phone = &before.activation.phone;
        let in_use = |sold: &Sold| sold.is_running() && sold.activation.phone == *phone;
        if self.sold.values().any(in_use) {
            return None;
        }
        let request = AcquireRequest {
            service: before.service,
            country: before.country,
            max_cost: before.cost,
        };
        let fresh = self.sell(&request)?.external_id;
        let sold = self.sold.get_mut(&fresh)?;
        sold.activation.phone = before.activation.phone;
        Some(sold.activation.clone())
    }

    pub(super) fn sold(&self) -> Vec<Sold> {
        self.sold.values().cloned().collect()
    }

    pub(super) fn get_mut(&mut self, id: &ExternalId) -> Option<&mut Sold> {
        self.sold.get_mut(id)
    }

    pub(super) fn status(&self, id: &ExternalId) -> UpstreamStatus {
        match self.sold.get(id) {
            None => UpstreamStatus::Missing,
            Some(sold) if !sold.is_running() => UpstreamStatus::Ended,
            Some(sold) => match sold.messages.last() {
                Some((code, text)) if !sold.awaits_more => {
                    UpstreamStatus::Received { code: code.clone(), text: text.clone() }
                }
                _ => UpstreamStatus::Waiting,
            },
        }
    }

    pub(super) fn cancel(&mut self, id: &ExternalId) -> CancelOutcome {
        match self.sold.get_mut(id) {
            None => CancelOutcome::Missing,
            Some(sold) if sold.is_charged() => CancelOutcome::Delivered,
            Some(sold) => {
                sold.canceled = true;
                CancelOutcome::Canceled
            }
        }
    }

    pub(super) fn active(&self) -> Vec<ActiveActivation> {
        let running = self.sold.values().filter(|sold| sold.is_running());
        let listed = running.map(|sold| ActiveActivation {
            activation: sold.activation.clone(),
            service: sold.service.clone(),
            country: Some(sold.country.clone()),
        });
        listed.collect()
    }
}

/// A catalog of one country, Indonesia as `6`, and one service, WhatsApp as `wa`, at this cost.
pub fn offer(cost: Cost, stock: i64) -> ProviderCatalog {
    let country = ListedCountry {
        external_code: "6".to_owned(),
        iso_code: Some("ID".to_owned()),
        name: "Indonesia".to_owned(),
        dial_code: Some("+62".to_owned()),
    };
    let service = ListedService { external_code: "wa".to_owned(), name: "WhatsApp".to_owned() };
    let (listed, asked) = (country.external_code.clone(), service.external_code.clone());
    ProviderCatalog {
        countries: vec![country],
        services: vec![service],
        offers: vec![ListedOffer { country: listed, service: asked, cost, stock }],
    }
}
