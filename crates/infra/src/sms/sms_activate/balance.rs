use domain::{money::Cost, providers::ProviderError};

use super::{
    reply::{Content, Reply},
    signal::unanswered,
    value::{field, text},
};

/// Reads the reply to getBalance. What a [`Cost`] cannot hold becomes its nearest value: a debt is
/// nothing left, a fortune is plenty.
pub(super) fn balance(reply: &Reply) -> Result<Cost, ProviderError> {
    let content = reply.content();
    let amount = match &content {
        Content::Token { head, rest } if head == "ACCESS_BALANCE" => rest.clone(),
        Content::Json(value) => field(value, &["balance"]).and_then(|it| match it {
            serde_json::Value::Number(number) => number.as_f64().map(|it| format!("{it:.6}")),
            other => text(other),
        }),
        _ => None,
    };
    amount.as_deref().and_then(nearest).ok_or_else(|| unanswered(reply, &content))
}

fn nearest(amount: &str) -> Option<Cost> {
    let amount = amount.trim();
    let (sign, digits) = amount.split_at(usize::from(amount.starts_with('-')));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let decimal = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !decimal(whole) || !decimal(fraction) {
        return None;
    }
    if !sign.is_empty() {
        return Cost::from_micros(0);
    }
    Cost::parse(digits).or(Cost::from_micros(Cost::MAX_MICROS))
}

#[cfg(test)]
mod tests {
    use super::{super::reply::reply, *};

    fn read(body: &str) -> Option<i64> {
        balance(&reply(200, body)).ok().map(Cost::micros)
    }

    #[test]
    fn balances_are_read_in_every_shape() {
        assert_eq!(read("ACCESS_BALANCE:100.50"), Some(100_500_000));
        assert_eq!(read("ACCESS_BALANCE:7"), Some(7_000_000));
        assert_eq!(read(r#"{"balance":"4.6820","currency":840}"#), Some(4_682_000));
        assert_eq!(read(r#"{"balance":4.682}"#), Some(4_682_000));
    }

    #[test]
    fn debts_are_nothing_and_fortunes_are_plenty() {
        assert_eq!(read("ACCESS_BALANCE:-0.25"), Some(0));
        assert_eq!(read("ACCESS_BALANCE:12345678.9"), Some(Cost::MAX_MICROS));
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
