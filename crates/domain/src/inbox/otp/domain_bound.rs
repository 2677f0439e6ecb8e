//! Codes that name the site they are for, as browsers fill them in: `@example.com #123456`.

use super::candidates::LENGTHS;

/// The code of the last line of that form.
pub(super) fn code(plain: &str) -> Option<String> {
    plain.lines().rev().find_map(|line| {
        let (site, rest) = line.strip_prefix('@')?.split_once(" #")?;
        let code = rest.split_once(' ').map_or(rest, |(code, _)| code);
        let is_site = site.contains('.') && !site.contains(' ');
        let is_code = LENGTHS.contains(&code.len())
            && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && code.bytes().any(|byte| byte.is_ascii_digit());
        (is_site && is_code).then(|| code.to_owned())
    })
}
