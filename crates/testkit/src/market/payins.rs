use std::sync::Arc;

use domain::{
    gateways::{DisputeState, PaymentGateway, PaymentReport, PaymentStatus, RefundState},
    ledger::Gateway,
    money::Amount,
    topups::{PaymentRecord, Topup, TopupQueries, record::RecordError},
};

use super::Market;
use crate::{FakeGateway, Outcome};

/// Payments, as their customers and gateways see them.
impl Market {
    /// The customer starts to pay `amount`; the answer has the gateway's id of the payment.
    pub async fn started(&self, at: &Arc<FakeGateway>, amount: i64) -> Outcome<(Topup, String)> {
        let amount = Amount::new(amount).ok_or("an amount is positive")?;
        let topup = self.start_topup_at(at).execute(self.user, amount).await?;
        let payment = topup.payment_id.clone().ok_or("the gateway names the payment")?;
        Ok((topup, payment))
    }

    /// The gateway sends a new notification about a payment.
    pub async fn hint(&self, from: &Arc<FakeGateway>, payment: &str) -> Result<(), RecordError> {
        self.tell(from, &from.hint(Some(payment))).await
    }

    /// A notification arrives.
    pub async fn tell(&self, from: &Arc<FakeGateway>, raw: &[u8]) -> Result<(), RecordError> {
        let signed =
            |name: &str| (name == FakeGateway::HEADER).then(|| FakeGateway::SIGNATURE.to_owned());
        self.record_notice(from).execute(&signed, raw).await
    }

    /// Something happens to a payment, its gateway tells of it, and the worker acts on that.
    pub async fn learn(
        &self,
        from: &Arc<FakeGateway>,
        payment: &str,
        change: impl FnOnce(&mut PaymentReport) + Send,
    ) -> Outcome {
        from.alter(payment, change);
        self.hint(from, payment).await?;
        self.run_tasks().await?;
        Ok(())
    }

    /// A top-up as it stands now.
    pub async fn topup(&self, topup: &Topup) -> Outcome<Topup> {
        Ok(TopupQueries::find(&self.store, topup.id).await?.ok_or("the top-up is gone")?)
    }
}

/// Proves that what was booked for payments is what their gateways know.
impl Market {
    /// Everything that arrived for good is credited, once; everything that went back is taken,
    /// once. Holds as soon as nothing is on its way any more.
    pub async fn check_payins(&self) -> Outcome {
        let topups = self.store.all_topups().await;
        for gateway in [&self.gateway, &self.coins, &self.bank] {
            let code = PaymentGateway::terms(&**gateway).gateway;
            for payment in gateway.payments() {
                let Some(id) = payment.topup else { continue };
                let Some(topup) = topups.iter().find(|topup| topup.id == id) else { continue };
                let booked = self.booked(topup, code, &payment.payment_id).await?;
                check_payment(topup, &payment, booked.as_ref())?;
            }
        }
        Ok(())
    }

    /// Never, not for a moment, is more credited for a payment than has arrived for it, and nothing
    /// of one that the gateway does not know.
    pub async fn check_nothing_invented(&self) -> Outcome {
        let directory = [&self.gateway, &self.coins, &self.bank];
        for topup in self.store.all_topups().await {
            for booked in self.store.topup_history(topup.id).await?.payments {
                let gateway = directory.iter().find(|it| it.terms().gateway == booked.gateway);
                let gateway = gateway.ok_or("a gateway")?;
                let told = gateway.report(&booked.payment_id).ok_or("a payment")?;
                let worth = told.received.and_then(|received| topup.worth(received));
                if booked.credited > worth.map_or(0, Amount::get) {
                    return Err(format!("{booked:?} is credited of {told:?}").into());
                }
            }
        }
        Ok(())
    }

    pub(super) async fn booked(
        &self,
        topup: &Topup,
        gateway: Gateway,
        payment_id: &str,
    ) -> Outcome<Option<PaymentRecord>> {
        let history = self.store.topup_history(topup.id).await?;
        let same =
            |known: &PaymentRecord| known.gateway == gateway && known.payment_id == payment_id;
        Ok(history.payments.into_iter().find(same))
    }
}

fn check_payment(topup: &Topup, told: &PaymentReport, booked: Option<&PaymentRecord>) -> Outcome {
    let units = |amount: Option<i64>| amount.unwrap_or_default();
    let fits = told.charge == Some(topup.charge);
    let worth = told.received.filter(|_| fits).and_then(|received| topup.worth(received));
    let arrived = units(told.received.map(|money| money.amount.get()));
    let is_final = told.status == PaymentStatus::Settled;
    let due = if is_final { units(worth.map(Amount::get)) } else { 0 };
    let credited = units(booked.map(|payment| payment.credited));
    let returned = units(booked.map(|payment| payment.returned));
    let went_back = returns(told);
    let right = match told.status {
        PaymentStatus::Settled if due < 1_000 => credited == 0,
        PaymentStatus::Settled => credited == due && returned == went_back,
        // What was final before was undone: all of it went back.
        PaymentStatus::Failed | PaymentStatus::Canceled if credited > 0 => returned >= arrived,
        _ => true,
    };
    if right && booked.is_none_or(is_fair) {
        return Ok(());
    }
    Err(format!("the gateway tells {told:?} of {topup:?}, booked is {booked:?}").into())
}

/// The customer lost the share of what the payer has back. Refunds of ours are taken in whole
/// rupiah and sent in whole cents, so that they may have lost less than a cent more for each.
fn is_fair(payment: &PaymentRecord) -> bool {
    let PaymentRecord { received, credited, returned, reversed, .. } = *payment;
    let back = i128::from(returned.min(received)) * i128::from(credited);
    let share = back.checked_div(i128::from(received)).unwrap_or(0);
    let lost = i128::from(reversed) - share;
    let exchanged = received > credited;
    lost >= if exchanged { -5 } else { 0 } && lost <= if exchanged { 1_000 } else { 0 }
}

/// What left our account at the gateway, in its units.
fn returns(told: &PaymentReport) -> i64 {
    let refunds = told.refunds.iter().filter(|refund| refund.state != RefundState::Failed);
    let refunds = refunds.map(|refund| refund.amount.amount.get());
    let open = |state| matches!(state, DisputeState::Open | DisputeState::Lost);
    let disputes = told.disputes.iter().filter(|dispute| open(dispute.state));
    refunds.chain(disputes.map(|dispute| dispute.amount.amount.get())).sum()
}
