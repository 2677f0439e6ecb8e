//! Orders as customers see them. Every key is always there.

use domain::{
    ids::{CarrierId, CatalogProductId, OrderId, ProductId},
    orders::{Capabilities, Delivery, Order, OrderState, OrderView, Status},
    time::Timestamp,
};
use serde::Serialize;

use crate::routes::face::{Face, MoneyBody};

/// The full order.
#[derive(Serialize)]
pub(crate) struct OrderBody {
    id: OrderId,
    status: &'static str,
    created_at: Timestamp,
    product_id: ProductId,
    catalog_product_id: CatalogProductId,
    operator_id: Option<CarrierId>,
    operator_name: Option<String>,
    phone_number: Option<String>,
    amount: MoneyBody,
    #[serde(flatten)]
    sms: SmsBody,
    expires_at: Option<Timestamp>,
    canceled_at: Option<Timestamp>,
    failed_reason: Option<&'static str>,
    #[serde(flatten)]
    capabilities: CapabilitiesBody,
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

/// What a list of running orders shows: no money, no number.
#[derive(Serialize)]
pub(crate) struct RunningBody {
    id: OrderId,
    status: &'static str,
    #[serde(flatten)]
    sms: SmsBody,
    expires_at: Option<Timestamp>,
    failed_reason: Option<&'static str>,
    operator_id: Option<CarrierId>,
    operator_name: Option<String>,
    #[serde(flatten)]
    capabilities: CapabilitiesBody,
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

/// An order at the moment it was bought. Nothing in it moves afterwards, so that a repeated
/// request gets the same bytes however long ago the first one was.
#[derive(Serialize)]
pub(crate) struct BoughtBody {
    id: OrderId,
    status: &'static str,
    product_id: ProductId,
    catalog_product_id: CatalogProductId,
    operator_id: Option<CarrierId>,
    operator_name: Option<String>,
    phone_number: Option<String>,
    amount: MoneyBody,
    otp_code: Option<String>,
    sms_revision: i32,
    otp_received_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    #[serde(flatten)]
    capabilities: CapabilitiesBody,
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

/// What came.
#[derive(Serialize)]
struct SmsBody {
    otp_code: Option<String>,
    otp_message: Option<String>,
    sms_revision: i32,
    otp_received_at: Option<Timestamp>,
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

/// What the customer may do.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the contract publishes five separate flags")]
struct CapabilitiesBody {
    can_finish: bool,
    can_resend: bool,
    can_cancel: bool,
    can_replace: bool,
    can_reactivate: bool,
    resend_available_at: Option<Timestamp>,
    cancel_available_at: Option<Timestamp>,
    replace_available_at: Option<Timestamp>,
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
