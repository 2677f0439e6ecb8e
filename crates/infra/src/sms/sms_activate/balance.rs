use domain::{money::Deposit, providers::ProviderError};

use super::{
    reply::{Content, Reply},
    signal::unanswered,
    value::{field, text},
};

/// Reads the reply to getBalance.
pub(super) fn balance(reply: &Reply) -> Result<Deposit, ProviderError> {
    let content = reply.content();
    let amount = match &content {
        Content::Token { head, rest } if head == "ACCESS_BALANCE" => rest.clone(),
        Content::Json(value) => field(value, &["balance"]).and_then(|it| match it {
            serde_json::Value::Number(number) => number.as_f64().map(|it| format!("{it:.6}")),
            other => text(other),
        }),
        _ => None,
    };
    amount.as_deref().and_then(Deposit::parse).ok_or_else(|| unanswered(reply, &content))
}

#[cfg(test)]
mod tests {
    use super::{super::reply::reply, *};

    fn read(body: &str) -> Option<i64> {
        balance(&reply(200, body)).ok().map(Deposit::micros)
    }

    #[test]
    fn balances_are_read_in_every_shape() {
        assert_eq!(read("ACCESS_BALANCE:100.50"), Some(100_500_000));
        assert_eq!(read("ACCESS_BALANCE:7"), Some(7_000_000));
        assert_eq!(read(r#"{"balance":"4.6820","currency":840}"#), Some(4_682_000));
        assert_eq!(read(r#"{"balance":4.682}"#), Some(4_682_000));
    }

    #[test]
    fn debts_and_fortunes_are_read_as_they_are() {
        assert_eq!(read("ACCESS_BALANCE:-0.25"), Some(-250_000));
        assert_eq!(read("ACCESS_BALANCE:12345678.9"), Some(12_345_678_900_000));
    }

    #[test]
    fn anything_else_is_no_balance() {
        for body in
            ["ACCESS_BALANCE", "ACCESS_BALANCE:", "ACCESS_BALANCE:much", "BAD_KEY", "", "{}"]
        {
            assert_eq!(read(body), None, "{body}");
        }
    }
}
