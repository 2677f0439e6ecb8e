use chrono::DateTime;

use super::*;

const SECRET: &str = "whsec_test_secret";
const TIME: i64 = 1_763_600_000;
const BODY: &[u8] = br#"{"id":"evt_test_1","object":"event","type":"checkout.session.completed"}"#;
/// Made by Stripe's own library.
const CODE: &str = "6fba24db252e889eff0cda2c37548f00d31187eea3c68b4e3ee03f6f8b3aa8a0";
const WRONG: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn secrets(texts: &[&str]) -> Vec<SecretString> {
    texts.iter().map(|text| SecretString::from(*text)).collect()
}

/// Checks `header` of [`BODY`], `age` seconds after [`TIME`].
fn at_age(header: &str, age: i64) -> Result<(), VerifyError> {
    let now = DateTime::from_timestamp(TIME + age, 0).unwrap();
    check(header, BODY, &secrets(&[SECRET]), now)
}

fn fresh(header: &str) -> Result<(), VerifyError> {
    at_age(header, 0)
}

/// A correct header for whatever `time` is written.
fn signed(time: &str) -> String {
    let code = hmac_sha256(SECRET.as_bytes(), &[time.as_bytes(), b".", BODY]);
    format!("t={time},v1={}", hex::encode(code))
}

#[test]
fn accepts_the_published_vector() {
    assert_eq!(fresh(&format!("t={TIME},v1={CODE}")), Ok(()));
}

#[test]
fn accepts_five_minutes_of_age_and_no_more() {
    let header = format!("t={TIME},v1={CODE}");
    for age in [298, 300] {
        assert_eq!(at_age(&header, age), Ok(()), "{age}");
    }
    for age in [301, 302, 3600] {
        assert_eq!(at_age(&header, age), Err(VerifyError::Stale), "{age}");
    }
}

#[test]
fn refuses_what_was_signed_in_the_future() {
    let header = format!("t={TIME},v1={CODE}");
    assert_eq!(at_age(&header, -300), Ok(()));
    assert_eq!(at_age(&header, -301), Err(VerifyError::Stale));
    assert_eq!(at_age(&header, -3600), Err(VerifyError::Stale));
}

#[test]
fn accepts_a_right_code_among_wrong_ones() {
    assert_eq!(fresh(&format!("t={TIME},v1={WRONG},v1={CODE}")), Ok(()));
    assert_eq!(fresh(&format!("t={TIME},v1={CODE},v1={WRONG}")), Ok(()));
    assert_eq!(fresh(&format!("t={TIME},v1={WRONG}")), Err(VerifyError::Mismatch));
}

#[test]
fn refuses_the_scheme_of_test_mode() {
    assert_eq!(fresh(&format!("t={TIME},v0={CODE}")), Err(VerifyError::Malformed));
}

#[test]
fn refuses_upper_case() {
    let upper = CODE.to_uppercase();
    assert_eq!(fresh(&format!("t={TIME},v1={upper}")), Err(VerifyError::Mismatch));
}

#[test]
fn refuses_a_space_after_the_comma() {
    assert_eq!(fresh(&format!("t={TIME}, v1={CODE}")), Err(VerifyError::Malformed));
}

#[test]
fn accepts_the_code_before_the_time() {
    assert_eq!(fresh(&format!("v1={CODE},t={TIME}")), Ok(()));
}

#[test]
fn refuses_two_times() {
    for header in [
        format!("t={TIME},t={TIME},v1={CODE}"),
        format!("t=1,t={TIME},v1={CODE}"),
        format!("t={TIME},v1={CODE},t=1"),
    ] {
        assert_eq!(fresh(&header), Err(VerifyError::Malformed), "{header}");
    }
}

#[test]
fn refuses_a_missing_time_or_code() {
    for header in ["", ",", "=", &format!("v1={CODE}"), &format!("t={TIME}"), "t,v1"] {
        assert_eq!(fresh(header), Err(VerifyError::Malformed), "{header}");
    }
}

/// Stripe's own library does not read such a header at all.
#[test]
fn refuses_items_that_lack_their_value() {
    for item in ["t", "v1", "t=", "v1="] {
        for header in [format!("t={TIME},v1={CODE},{item}"), format!("{item},t={TIME},v1={CODE}")] {
            assert_eq!(fresh(&header), Err(VerifyError::Malformed), "{header}");
        }
    }
}

#[test]
fn accepts_unknown_items() {
    assert_eq!(fresh(&format!("t={TIME},v9=zz,v1={CODE},flag,v0={WRONG}")), Ok(()));
}

#[test]
fn refuses_times_that_are_not_plain_digits() {
    for time in ["", "+1763600000", "-1", " 1763600000", "1763600000.0", "9".repeat(30).as_str()] {
        assert_eq!(fresh(&signed(time)), Err(VerifyError::Malformed), "{time}");
    }
    // What is signed is the text, so that another spelling of the time needs another code.
    assert_eq!(fresh(&signed("01763600000")), Ok(()));
    assert_eq!(fresh(&format!("t=01763600000,v1={CODE}")), Err(VerifyError::Mismatch));
}

#[test]
fn accepts_any_of_our_secrets_while_one_is_replaced() {
    let now = DateTime::from_timestamp(TIME, 0).unwrap();
    let header = format!("t={TIME},v1={CODE}");
    for known in [&["whsec_new", SECRET][..], &[SECRET, "whsec_old"]] {
        assert_eq!(check(&header, BODY, &secrets(known), now), Ok(()));
    }
    let outcome = check(&header, BODY, &secrets(&["whsec_new", "test_secret"]), now);
    assert_eq!(outcome, Err(VerifyError::Mismatch));
}

/// Each bit of the body, of the header and of the secret counts.
#[test]
fn refuses_every_single_change() {
    let now = DateTime::from_timestamp(TIME, 0).unwrap();
    let header = format!("t={TIME},v1={CODE}");
    for (position, bit) in (0..BODY.len()).flat_map(|p| (0..8).map(move |bit| (p, bit))) {
        let mut body = BODY.to_vec();
        body[position] ^= 1 << bit;
        let outcome = check(&header, &body, &secrets(&[SECRET]), now);
        assert_eq!(outcome, Err(VerifyError::Mismatch), "byte {position}, bit {bit}");
    }
    for (position, bit) in (0..header.len()).flat_map(|p| (0..7).map(move |bit| (p, bit))) {
        let mut changed = header.clone().into_bytes();
        changed[position] ^= 1 << bit;
        let changed = String::from_utf8(changed).unwrap();
        assert!(fresh(&changed).is_err(), "{changed}");
    }
    for (position, bit) in (0..SECRET.len()).flat_map(|p| (0..7).map(move |bit| (p, bit))) {
        let mut changed = SECRET.to_owned().into_bytes();
        changed[position] ^= 1 << bit;
        let changed = String::from_utf8(changed).unwrap();
        let outcome = check(&header, BODY, &secrets(&[&changed]), now);
        assert_eq!(outcome, Err(VerifyError::Mismatch), "{changed}");
    }
}

#[test]
fn refuses_a_longer_or_shorter_body_or_code() {
    let now = DateTime::from_timestamp(TIME, 0).unwrap();
    let header = format!("t={TIME},v1={CODE}");
    for body in [&BODY[..BODY.len() - 1], &[BODY, b"\n"].concat(), b""] {
        assert_eq!(check(&header, body, &secrets(&[SECRET]), now), Err(VerifyError::Mismatch));
    }
    for code in [&CODE[..63], &CODE[1..], &format!("{CODE}0"), "0"] {
        let outcome = fresh(&format!("t={TIME},v1={code}"));
        assert_eq!(outcome, Err(VerifyError::Mismatch), "{code}");
    }
}
