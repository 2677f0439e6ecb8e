//! Transactions: what we ask for and what we are told.

use domain::{
    gateways::{Checkout, CheckoutRequest, GatewayError, PaymentReport, PaymentStatus},
    ids::TopupId,
    ledger::Gateway,
    money::Currency,
};
use serde::{Deserialize, Serialize};

use super::{Account, Shop};
use crate::pay::{
    minor::{self, Decimal},
    text::is_address,
};

/// What the payer sees as the thing bought.
const PRODUCT: &str = "Balance top-up";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Inquiry<'a> {
    merchant_code: &'a str,
    payment_amount: i64,
    payment_method: &'a str,
    merchant_order_id: String,
    product_details: &'a str,
    email: &'a str,
    customer_va_name: &'a str,
    callback_url: &'a str,
    return_url: &'a str,
    expiry_period: u64,
    signature: String,
}

impl<'a> Inquiry<'a> {
    /// Asks for a page to pay `request` on; nothing when it cannot be asked for.
    pub(super) fn new(
        request: &CheckoutRequest,
        account: &'a Account,
        shop: &'a Shop,
    ) -> Option<Self> {
        let order = request.topup.to_string();
        let amount = minor::write(request.charge, Gateway::Duitku)?;
        Some(Self {
            signature: account.sign(&[&account.merchant, &order, &amount]),
            merchant_code: &account.merchant,
            payment_amount: request.charge.amount.get(),
            payment_method: &shop.method,
            merchant_order_id: order,
            product_details: PRODUCT,
            email: &shop.email,
            customer_va_name: &shop.name,
            callback_url: &shop.callback,
            return_url: &shop.back,
            expiry_period: shop.expiry_minutes,
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Query<'a> {
    merchant_code: &'a str,
    merchant_order_id: String,
    signature: String,
}

impl<'a> Query<'a> {
    /// Asks how the payment for `topup` stands.
    pub(super) fn new(topup: TopupId, account: &'a Account) -> Self {
        let order = topup.to_string();
        Self {
            signature: account.sign(&[&account.merchant, &order]),
            merchant_code: &account.merchant,
            merchant_order_id: order,
        }
    }
}

/// What an inquiry brings, as far as we read it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Opened {
    pub(super) status_code: String,
    merchant_code: Option<String>,
    amount: Option<Decimal>,
    payment_url: Option<String>,
}

impl Opened {
    /// The page to pay on, if it is the one that was asked for.
    pub(super) fn checkout(
        self,
        request: &CheckoutRequest,
        account: &Account,
    ) -> Result<Checkout, GatewayError> {
        let charged = self.amount.and_then(|amount| amount.exactly(Currency::Idr));
        if charged != Some(request.charge) || self.merchant_code.as_ref() != Some(&account.merchant)
        {
            return Err(GatewayError::Refused("it opened another payment than asked for"));
        }
        let url = self.payment_url.filter(|url| is_address(url));
        let url = url.ok_or(GatewayError::Refused("there is no page to pay on"))?;
        // They have a reference of their own, but payments cannot be looked up by it.
        Ok(Checkout { payment_id: request.topup.to_string(), url, expires_at: None })
    }
}

/// How a payment stands, as far as we read it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    merchant_order_id: String,
    amount: Option<Decimal>,
    #[serde(rename = "statusCode")]
    code: String,
}

impl Status {
    /// What it means, if it is about `topup`.
    pub(super) fn report(self, topup: TopupId) -> Result<PaymentReport, GatewayError> {
        if TopupId::parse(&self.merchant_order_id) != Some(topup) {
            return Err(GatewayError::Unavailable("it tells of another payment"));
        }
        let status = judge(&self.code)
            .ok_or(GatewayError::Unavailable("the status of the payment is unknown"))?;
        let charge = self.amount.and_then(|amount| amount.exactly(Currency::Idr));
        Ok(PaymentReport {
            payment_id: self.merchant_order_id,
            topup: Some(topup),
            status,
            charge,
            // Banks and wallets let nobody pay another sum.
            received: charge.filter(|_| status == PaymentStatus::Settled),
            refunds: Vec::new(),
            disputes: Vec::new(),
        })
    }
}

/// What a status code means; nothing for codes that we do not know, as any guess could cost money.
fn judge(code: &str) -> Option<PaymentStatus> {
    match code {
        "00" => Some(PaymentStatus::Settled),
        "01" => Some(PaymentStatus::Open),
        // Also given up or failed: they do not tell these apart.
        "02" => Some(PaymentStatus::Expired),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
