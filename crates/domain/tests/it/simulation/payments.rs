//! What happens to payments by itself.

use std::sync::Arc;

use domain::{
    gateways::{
        DisputeReport, DisputeState, GatewayError, PaymentReport, PaymentStatus, RefundReport,
        RefundState,
    },
    money::{Amount, Money},
};
use testkit::FakeGateway;

use super::Life;

/// Whoever has not paid by now never will, and what was sent back arrives.
impl Life {
    pub(super) fn close_gateway(&self, gateway: &FakeGateway) {
        for payment in gateway.payments() {
            gateway.alter(&payment.payment_id, |it| {
                if it.status != PaymentStatus::Settled {
                    it.status = PaymentStatus::Expired;
                }
                for refund in &mut it.refunds {
                    if refund.state == RefundState::Pending {
                        refund.state = RefundState::Done;
                    }
                }
            });
        }
        // Only one of the gateways keeps what was not delivered.
        for payment in self.market.gateway.payments() {
            self.market.gateway.lose_hint(&payment.payment_id);
        }
    }
}

/// What happens to payments by itself. Some of it is told, often late, again, or never.
impl Life {
    pub(super) fn gateway(&self, number: usize) -> &Arc<FakeGateway> {
        let market = &self.market;
        [&market.gateway, &market.coins, &market.bank][number]
    }

    pub(super) fn happen_at_gateways(&mut self) {
        let number = self.choose_gateway();
        let gateway = Arc::clone(self.gateway(number));
        let payments = gateway.payments();
        let Some(payment) = self.dice.pick(&payments) else { return };
        self.happen_to(&gateway, number, payment);
        if self.dice.happens(100) {
            let silence = match self.dice.below(3) {
                0 => Err(GatewayError::Refused("not now")),
                1 => Ok(RefundState::Pending),
                _ => Ok(RefundState::Failed),
            };
            gateway.then_refund(silence);
        }
        let id = &payment.payment_id;
        match self.dice.below(4) {
            // The other gateways do not keep what was not delivered.
            0 if number == 0 => gateway.lose_hint(id),
            0 => {}
            _ => self.hints.push((number, gateway.hint(Some(id)))),
        }
    }

    fn happen_to(&mut self, gateway: &FakeGateway, number: usize, payment: &PaymentReport) {
        let id = &payment.payment_id;
        let settled = payment.status == PaymentStatus::Settled;
        // What comes after more went back than had come is left to a person.
        let is_over = |received: Money| went_back(payment) > received.amount.get();
        if payment.received.is_some_and(is_over) {
            return self.happen_backwards(gateway, payment);
        }
        match (settled, self.dice.below(8)) {
            (false, 0) => gateway.alter(id, |it| it.status = PaymentStatus::Processing),
            (false, 1) => gateway.alter(id, |it| it.status = PaymentStatus::Expired),
            (false, _) if number == 0 => gateway.pay(id),
            (false, _) | (true, 0) if number > 0 => {
                let charge = payment.charge.map_or(0, |charge| charge.amount.get());
                gateway.receive(id, charge * i64::from(self.dice.below(15) + 1) / 10);
            }
            (true, 0) => drop(gateway.open_second(id)),
            (true, 1..4) => self.happen_backwards(gateway, payment),
            _ => {}
        }
    }

    /// Refunds and disputes that nobody of ours ordered, and their ends.
    fn happen_backwards(&mut self, gateway: &FakeGateway, payment: &PaymentReport) {
        let Some(received) = payment.received else { return };
        let part = received.amount.get() * i64::from(self.dice.below(10) + 1) / 10;
        let Some(amount) = Amount::new(part) else { return };
        let amount = Money { amount, ..received };
        let end = self.dice.below(3);
        gateway.alter(&payment.payment_id, |it| {
            if let Some(dispute) = it.disputes.iter_mut().find(|it| is_open(it)) {
                dispute.state = if end == 0 { DisputeState::Lost } else { DisputeState::Won };
            } else if let Some(refund) =
                it.refunds.iter_mut().find(|it| it.state == RefundState::Pending)
            {
                refund.state = if end == 0 { RefundState::Failed } else { RefundState::Done };
            } else if end == 0 {
                let id = format!("{} dispute {}", it.payment_id, it.disputes.len());
                it.disputes.push(DisputeReport { id, amount, state: DisputeState::Open });
            } else {
                let id = format!("{} refund {}", it.payment_id, it.refunds.len());
                let state = if end == 1 { RefundState::Pending } else { RefundState::Done };
                it.refunds.push(RefundReport { id, refund: None, amount, state });
            }
        });
    }
}

/// What left the gateway, or may have, in its units.
fn went_back(payment: &PaymentReport) -> i64 {
    let refunds = payment.refunds.iter().map(|refund| refund.amount.amount.get());
    let disputes = payment.disputes.iter().map(|dispute| dispute.amount.amount.get());
    refunds.chain(disputes).sum()
}

fn is_open(dispute: &DisputeReport) -> bool {
    matches!(dispute.state, DisputeState::Inquiry | DisputeState::Open)
}
