//! The durable tasks of this module.

use std::time::Duration;

use async_trait::async_trait;

use super::{
    ApplyError,
    confirm::{ConfirmError, ConfirmPayment, parse_subject},
    refund::{RefundError, SendRefund},
};
use crate::{
    gateways::GatewayError,
    ids::RefundId,
    ledger::PostError,
    tasks::{Claim, Done, Policy, TaskFailure, TaskHandler, TaskKind, Watch},
};

/// About a day of tries: a callback can be older than its top-up, and a gateway can be away.
const POLICY: Policy = Policy {
    max_attempts: 100,
    timeout: Duration::from_secs(45),
    backoff: Duration::from_secs(2),
    backoff_cap: Duration::from_mins(20),
    concurrency: 4,
};

#[async_trait]
impl TaskHandler for ConfirmPayment {
    fn kind(&self) -> TaskKind {
        TaskKind::ConfirmPayment
    }

    fn policy(&self) -> Policy {
        POLICY
    }

    async fn run(&self, claim: &Claim, _: &dyn Watch) -> Result<Done, TaskFailure> {
        let unreadable = || TaskFailure::permanent("the subject names no payment");
        let (gateway, payment) = parse_subject(claim.subject.as_str()).ok_or_else(unreadable)?;
        match self.execute(gateway, &payment, Some(claim)).await {
            Ok(_) => Ok(Done::Finished),
            Err(ConfirmError::Zombie) => Err(TaskFailure::lost()),
            Err(error) if is_permanent(&error) => Err(TaskFailure::permanent(error)),
            Err(error) => Err(TaskFailure::transient(error)),
        }
    }
}

const fn is_permanent(error: &ConfirmError) -> bool {
    matches!(
        error,
        ConfirmError::Gateway(GatewayError::Refused(_))
            | ConfirmError::Apply(
                ApplyError::OtherTopup
                    | ApplyError::Post(PostError::KeyReused(_) | PostError::Forbidden(_))
            )
    )
}

#[async_trait]
impl TaskHandler for SendRefund {
    fn kind(&self) -> TaskKind {
        TaskKind::SendRefund
    }

    fn policy(&self) -> Policy {
        POLICY
    }

    /// The answer is stored before the task ends: a repeat finds it and asks nobody.
    async fn run(&self, claim: &Claim, _: &dyn Watch) -> Result<Done, TaskFailure> {
        let unreadable = || TaskFailure::permanent("the subject names no refund");
        let id = RefundId::parse(claim.subject.as_str()).ok_or_else(unreadable)?;
        match self.execute(id).await {
            Ok(_) => Ok(Done::Unfinished),
            Err(RefundError::Post(PostError::Store(error))) => Err(error.into()),
            Err(error @ (RefundError::Unknown | RefundError::Post(_))) => {
                Err(TaskFailure::permanent(error))
            }
            Err(error) => Err(TaskFailure::transient(error)),
        }
    }
}
