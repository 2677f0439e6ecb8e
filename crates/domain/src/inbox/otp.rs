//! Finding the code in a message.

/// Words that stand near a code, in lower case.
const HINTS: &[&str] = &[
    "code",
    "otp",
    "kode",
    "код",
    "código",
    "codigo",
    "verif",
    "pin",
    "password",
    "passcode",
    "sandi",
    "mã",
    "kod",
    "验证码",
    "驗證碼",
    "コード",
    "كود",
    "رمز",
    "कोड",
];

/// The most probable code in `text`: 4 to 8 digits, plain, in two groups (`123-456`) or behind a
/// letter prefix (`G-123456`). The candidate nearest to a word for "code" wins, else the first.
///
/// Takes time in proportion to the length of the text, however many codes and hints are in it.
pub fn recognise(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let mut hints: Vec<usize> =
        HINTS.iter().flat_map(|hint| lower.match_indices(hint).map(|(at, _)| at)).collect();
    hints.sort_unstable();
    let mut best: Option<(usize, String)> = None;
    for (at, code) in candidates(&lower) {
        let rank = distance(&hints, at).unwrap_or(usize::MAX);
        if best.as_ref().is_none_or(|(known, _)| rank < *known) {
            best = Some((rank, code));
        }
    }
    best.map(|(_, code)| code)
}

/// How far the nearest of `hints`, which are in order, lies from `at`.
fn distance(hints: &[usize], at: usize) -> Option<usize> {
    let next = hints.partition_point(|hint| *hint < at);
    let before = next.checked_sub(1).and_then(|previous| hints.get(previous));
    before.into_iter().chain(hints.get(next)).map(|hint| hint.abs_diff(at)).min()
}

/// Runs of digits that can be codes, with their byte positions.
fn candidates(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut tokens = Vec::new();
    for token in text.split(|c: char| c.is_whitespace() || ",;:!?()[]{}<>\"'#*。，：".contains(c))
    {
        let start = token.as_ptr() as usize - text.as_ptr() as usize;
        tokens.push((start, token.trim_matches(|c: char| c == '.' || c == '-')));
    }
    let mut index = 0;
    while let Some(&(at, token)) = tokens.get(index) {
        index += 1;
        let next = tokens.get(index).map_or("", |(_, token)| *token);
        if is_group(token) && is_group(next) && !is_group(tokens.get(index + 1).map_or("", |t| t.1))
        {
            found.push((at, format!("{token}{next}")));
            index += 1;
        } else if let Some(code) = code_of(token) {
            found.push((at, code));
        }
    }
    found
}

/// Three digits: half of a code that is written in two groups.
fn is_group(token: &str) -> bool {
    token.len() == 3 && token.bytes().all(|b| b.is_ascii_digit())
}

fn code_of(token: &str) -> Option<String> {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let plain = match token.split_once('-') {
        None => token.to_owned(),
        Some((left, right)) if digits(left) && digits(right) && left.len() == right.len() => {
            format!("{left}{right}")
        }
        Some((prefix, code)) if prefix.len() <= 3 && prefix.chars().all(char::is_alphabetic) => {
            code.to_owned()
        }
        Some(_) => return None,
    };
    (digits(&plain) && (4..=8).contains(&plain.len())).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::{distance, recognise};

    #[test]
    fn finds_codes_as_services_write_them() {
        for (text, code) in [
            ("Your WhatsApp code: 123-456. Don't share it", Some("123456")),
            ("G-482913 is your Google verification code.", Some("482913")),
            ("Kode OTP Anda 7341, berlaku 5 menit", Some("7341")),
            ("123 456 is your Instagram code", Some("123456")),
            ("Ваш код: 55512", Some("55512")),
            ("验证码：839201，5分钟内有效", Some("839201")),
            ("In 2026 we moved. Your code is 48291", Some("48291")),
            ("Call +14155550100 now", None),
            ("Hello, welcome back", None),
            ("", None),
        ] {
            assert_eq!(recognise(text).as_deref(), code, "{text}");
        }
    }

    #[test]
    fn the_nearest_hint_decides_on_either_side() {
        let hints = [4, 10, 30];
        for (at, nearest) in [(0, 4), (4, 0), (6, 2), (8, 2), (19, 9), (25, 5), (40, 10)] {
            assert_eq!(distance(&hints, at), Some(nearest), "{at}");
        }
        assert_eq!(distance(&[], 3), None);
    }

    #[test]
    fn survives_any_text() {
        for text in ["-", "--", "1-", "é-1234", "١٢٣٤", "a-b-c", "123-", "\u{0}", "İİİ 1234"]
        {
            let _ = recognise(text);
        }
    }
}
