/// Millionths of a decimal such as `0.1234`; nothing when it is none or has more digits.
pub(super) fn micros(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let fraction: i64 = format!("{fraction:0<6}").parse().ok()?;
    whole.checked_mul(1_000_000)?.checked_add(if whole < 0 { -fraction } else { fraction })
}

/// As [`micros`], rounded down: nobody has got what lies behind that.
pub(super) fn micros_down(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let kept: String = fraction.chars().take(6).collect();
    micros(&format!("{whole}.{kept}"))
}

#[cfg(test)]
mod tests {
    use super::{micros, micros_down};

    #[test]
    fn reads_what_the_outside_world_writes() {
        assert_eq!(micros("0.125"), Some(125_000));
        assert_eq!(micros("3"), Some(3_000_000));
        assert_eq!(micros("999999.000001"), Some(999_999_000_001));
        assert_eq!(micros("0.1234567"), None);
        assert_eq!(micros("1e3"), None);
        assert_eq!(micros_down("0.1234567"), Some(123_456));
        assert_eq!(micros_down("7"), Some(7_000_000));
    }
}
