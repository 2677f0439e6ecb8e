//! What a message says, in the words of the contract. Every key is always there.

use domain::{
    hooks::{About, News, OrderNews, Parcel},
    ids::{CarrierId, CatalogProductId, OrderId, ProductId},
    time::Timestamp,
};
use serde::Serialize;

#[derive(Serialize)]
struct Envelope<'a, T> {
    event: &'a str,
    timestamp: Timestamp,
    data: T,
}

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the contract publishes five separate flags")]
struct OrderData<'a> {
    order_id: OrderId,
    phone_number: Option<String>,
    otp_code: Option<&'a str>,
    otp_message: Option<&'a str>,
    sms_revision: Option<i32>,
    product_id: ProductId,
    catalog_product_id: CatalogProductId,
    country: &'a str,
    platform: &'a str,
    operator_id: Option<CarrierId>,
    operator_name: Option<&'a str>,
    can_finish: bool,
    can_resend: bool,
    can_cancel: bool,
    can_replace: bool,
    can_reactivate: bool,
    resend_available_at: Option<Timestamp>,
    cancel_available_at: Option<Timestamp>,
    replace_available_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct TestData {
    message: &'static str,
}

impl<'a> OrderData<'a> {
    fn of(news: &'a OrderNews) -> Self {
        let order = &news.order;
        let can = news.capabilities;
        Self {
            order_id: order.id,
            phone_number: order.lease().map(|lease| format!("+{}", lease.phone.reveal())),
            otp_code: news.code.as_ref().map(domain::providers::SmsCode::reveal),
            otp_message: news.text.as_ref().map(domain::providers::SmsText::reveal),
            sms_revision: news.revision,
            product_id: order.product,
            catalog_product_id: order.catalog_product,
            country: &news.places.country,
            platform: &news.places.platform,
            operator_id: order.carrier,
            operator_name: news.carrier_name.as_deref(),
            can_finish: can.can_finish,
            can_resend: can.can_resend,
            can_cancel: can.can_cancel,
            can_replace: can.can_replace,
            can_reactivate: can.can_reactivate,
            resend_available_at: can.resend_available_at,
            cancel_available_at: can.cancel_available_at,
            replace_available_at: can.replace_available_at,
        }
    }
}

/// The bytes that are signed and sent; the same for every try of the same message.
pub(super) fn render(parcel: &Parcel) -> Result<Vec<u8>, serde_json::Error> {
    let (event, timestamp) = (parcel.event, parcel.at);
    match &parcel.news {
        News::Order(news) => {
            serde_json::to_vec(&Envelope { event, timestamp, data: OrderData::of(news) })
        }
        News::Test => {
            let data = TestData { message: "This is a test of your webhook." };
            serde_json::to_vec(&Envelope { event: About::TEST, timestamp, data })
        }
    }
}

/// What of a message must not be kept where a server repeats it in its answer.
pub(super) fn confidences(parcel: &Parcel) -> Vec<&str> {
    let News::Order(news) = &parcel.news else { return Vec::new() };
    let phone = news.order.lease().map(|lease| lease.phone.reveal());
    let text = news.text.as_ref().map(domain::providers::SmsText::reveal);
    let code = news.code.as_ref().map(domain::providers::SmsCode::reveal);
    let all = [text, phone, code];
    all.into_iter().flatten().filter(|secret| !secret.is_empty()).collect()
}
