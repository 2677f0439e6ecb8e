//! Orders as customers see them. Every key is always there.

use domain::{
    ids::{CarrierId, CatalogProductId, OrderId, ProductId},
    orders::{Capabilities, Delivery, Order, OrderState, OrderView, Status},
    time::Timestamp,
};
use serde::Serialize;

use crate::{
    openapi::{Schema, described},
    routes::face::{Face, MoneyBody},
};

/// Only the states that customers know.
pub(super) fn statuses(of: Schema) -> Schema {
    of.one_of(Status::ALL.into_iter().filter(|it| it.is_public()).map(Status::as_str))
}

described! {
    /// The full order.
    #[derive(Serialize)]
    pub(crate) struct OrderBody as "Order" {
        /// Names it in all other calls.
        id: OrderId,
        /// How it stands.
        status: &'static str => statuses,
        /// When it was bought.
        created_at: Timestamp,
        /// The price tier it was bought from.
        product_id: ProductId,
        /// Its country and service.
        catalog_product_id: CatalogProductId,
        /// The mobile network, where one was asked for.
        operator_id: Option<CarrierId>,
        /// What that network is called.
        operator_name: Option<String>,
        /// In international form.
        phone_number: Option<String> => |it| it.example("+6281234567890"),
        /// What it cost.
        amount: MoneyBody,
        #[serde(flatten)]
        sms: SmsBody,
        /// The end of its window: without an SMS the money comes back then.
        expires_at: Option<Timestamp>,
        /// When it was canceled.
        canceled_at: Option<Timestamp>,
        /// Why no number was had.
        failed_reason: Option<&'static str>,
        #[serde(flatten)]
        capabilities: CapabilitiesBody,
    }
}

impl OrderBody {
    /// How `view` stands at `now`.
    pub(crate) fn new(view: OrderView, now: Timestamp, face: Face) -> Self {
        let capabilities = view.capabilities(now).into();
        let OrderView { order, carrier_name, .. } = view;
        Self {
            id: order.id,
            status: order.status().as_str(),
            created_at: order.created_at,
            product_id: order.product,
            catalog_product_id: order.catalog_product,
            operator_id: order.carrier,
            operator_name: carrier_name,
            phone_number: phone(&order),
            amount: face.price(order.price.get()),
            sms: SmsBody::of(&order),
            expires_at: order.lease().map(|lease| lease.expires_at),
            canceled_at: match &order.state {
                OrderState::Canceled { at, .. } => Some(*at),
                _ => None,
            },
            failed_reason: failed_reason(&order),
            capabilities,
        }
    }
}

described! {
    /// What a list of running orders shows: no money, no number.
    #[derive(Serialize)]
    pub(crate) struct RunningBody as "RunningOrder" {
        /// Names it in all other calls.
        id: OrderId,
        /// How it stands.
        status: &'static str => statuses,
        #[serde(flatten)]
        sms: SmsBody,
        /// The end of its window.
        expires_at: Option<Timestamp>,
        /// Why no number was had.
        failed_reason: Option<&'static str>,
        /// The mobile network, where one was asked for.
        operator_id: Option<CarrierId>,
        /// What that network is called.
        operator_name: Option<String>,
        #[serde(flatten)]
        capabilities: CapabilitiesBody,
    }
}

impl RunningBody {
    pub(crate) fn new(view: OrderView, now: Timestamp) -> Self {
        let capabilities = view.capabilities(now).into();
        let OrderView { order, carrier_name, .. } = view;
        Self {
            id: order.id,
            status: order.status().as_str(),
            sms: SmsBody::of(&order),
            expires_at: order.lease().map(|lease| lease.expires_at),
            failed_reason: failed_reason(&order),
            operator_id: order.carrier,
            operator_name: carrier_name,
            capabilities,
        }
    }
}

described! {
    /// An order at the moment it was bought. Nothing in it moves afterwards, so that a repeated
    /// request gets the same bytes however long ago the first one was.
    #[derive(Serialize)]
    pub(crate) struct BoughtBody as "BoughtOrder" {
        /// Names it in all other calls.
        id: OrderId,
        /// `ACTIVE`: how it stood when it was bought.
        status: &'static str => statuses,
        /// The price tier it was bought from.
        product_id: ProductId,
        /// Its country and service.
        catalog_product_id: CatalogProductId,
        /// The mobile network, where one was asked for.
        operator_id: Option<CarrierId>,
        /// What that network is called.
        operator_name: Option<String>,
        /// In international form.
        phone_number: Option<String> => |it| it.example("+6281234567890"),
        /// What it cost.
        amount: MoneyBody,
        /// Nothing yet.
        otp_code: Option<String>,
        /// 0: no SMS yet.
        sms_revision: i32 => |it| it.at_least(0),
        /// Nothing yet.
        otp_received_at: Option<Timestamp>,
        /// The end of its window: without an SMS the money comes back then.
        expires_at: Option<Timestamp>,
        #[serde(flatten)]
        capabilities: CapabilitiesBody,
    }
}

impl BoughtBody {
    pub(crate) fn new(OrderView { order, carrier_name, .. }: OrderView, face: Face) -> Self {
        Self {
            id: order.id,
            status: Status::Active.as_str(),
            product_id: order.product,
            catalog_product_id: order.catalog_product,
            operator_id: order.carrier,
            operator_name: carrier_name,
            phone_number: phone(&order),
            amount: face.price(order.price.get()),
            otp_code: None,
            sms_revision: 0,
            otp_received_at: None,
            expires_at: order.lease().map(|lease| lease.expires_at),
            capabilities: Capabilities::at_activation(&order).into(),
        }
    }
}

described! {
    /// What came.
    #[derive(Serialize)]
    struct SmsBody {
        /// The last code that was recognised.
        otp_code: Option<String> => |it| it.example("482913"),
        /// The text of the last SMS.
        otp_message: Option<String> => |it| it.example("Your code is 482913"),
        /// How many SMS arrived.
        sms_revision: i32 => |it| it.at_least(0),
        /// When the first one did.
        otp_received_at: Option<Timestamp>,
    }
}

impl SmsBody {
    fn of(order: &Order) -> Self {
        let delivery = order.delivery();
        Self {
            otp_code: delivery.and_then(Delivery::shown_code),
            otp_message: delivery.and_then(Delivery::shown_text),
            sms_revision: delivery.map_or(0, |delivery| delivery.revision),
            otp_received_at: delivery.map(|delivery| delivery.first_at),
        }
    }
}

described! {
    /// What the customer may do.
    #[derive(Serialize)]
    pub(crate) struct CapabilitiesBody {
        /// An SMS is there and the order is not over.
        can_finish: bool,
        /// A further SMS can be asked for.
        can_resend: bool,
        /// It can be given back.
        can_cancel: bool,
        /// It can be given back for another one; the same rule.
        can_replace: bool,
        /// It is completed and its number can be rented again.
        can_reactivate: bool,
        /// When `can_resend` becomes true, if it is a matter of waiting.
        resend_available_at: Option<Timestamp>,
        /// When `can_cancel` becomes true, if it is a matter of waiting.
        cancel_available_at: Option<Timestamp>,
        /// When `can_replace` becomes true, if it is a matter of waiting.
        replace_available_at: Option<Timestamp>,
    }
}

impl From<Capabilities> for CapabilitiesBody {
    fn from(capabilities: Capabilities) -> Self {
        let Capabilities {
            can_finish,
            can_resend,
            can_cancel,
            can_replace,
            can_reactivate,
            resend_available_at,
            cancel_available_at,
            replace_available_at,
        } = capabilities;
        Self {
            can_finish,
            can_resend,
            can_cancel,
            can_replace,
            can_reactivate,
            resend_available_at,
            cancel_available_at,
            replace_available_at,
        }
    }
}

/// In international form.
fn phone(order: &Order) -> Option<String> {
    order.lease().map(|lease| format!("+{}", lease.phone.reveal()))
}

fn failed_reason(order: &Order) -> Option<&'static str> {
    match &order.state {
        OrderState::Failed { reason } => Some(reason.as_str()),
        _ => None,
    }
}
