//! Parts of a message that are for machines: links, addresses, and the mark by which a telephone
//! knows its application.

use std::ops::Range;

use super::tokens::{Kind, Token};

/// Last parts of names of sites that are written without `https://`.
const TOPS: &[&str] = &[
    "ai", "app", "biz", "br", "cn", "co", "com", "de", "dev", "es", "fr", "gl", "hk", "id", "in",
    "info", "io", "it", "jp", "kr", "link", "live", "ly", "me", "mx", "my", "net", "online", "org",
    "ph", "pl", "pt", "ru", "sg", "shop", "site", "th", "to", "top", "tr", "tw", "ua", "uk", "us",
    "vn", "xyz",
];

/// Characters of the mark at the end of a message for a telephone's application.
const APPLICATION: usize = 11;

/// Those parts, in order.
pub(super) fn find(plain: &str) -> Vec<Range<usize>> {
    let mut links = Vec::new();
    let mut last = 0..0;
    for chunk in plain.split(|c: char| !c.is_ascii_graphic()).filter(|chunk| !chunk.is_empty()) {
        let start = chunk.as_ptr().addr() - plain.as_ptr().addr();
        last = start..start + chunk.len();
        if let Some(offset) = link(chunk) {
            links.push(start + offset..start + chunk.len());
        }
    }
    if last.end == plain.len() && plain.get(last.clone()).is_some_and(is_application) {
        links.push(last);
    }
    links
}

/// Where a link begins in a run of characters without blanks.
fn link(chunk: &str) -> Option<usize> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let name_before = |end: usize| {
        let head = chunk.get(..end).unwrap_or_default();
        head.trim_end_matches(is_name).len()..end
    };
    if let Some(end) = chunk.find("://") {
        return Some(name_before(end).start);
    }
    let end = chunk
        .find(['/', '?', '@'])
        .unwrap_or_else(|| chunk.trim_end_matches(|c| !is_name(c)).len());
    let name = name_before(end);
    let site = chunk.get(name.clone())?.trim_matches('.');
    let path = chunk.get(end..)?;
    let (rest, top) = site.rsplit_once('.').unwrap_or(("", site));
    let is_site =
        !rest.is_empty() && top.len() >= 2 && top.bytes().all(|b| b.is_ascii_alphabetic());
    let is_link = match path.chars().next() {
        Some('@') => !site.is_empty() && path.contains('.'),
        Some('/') => is_site,
        _ => is_site && (site.starts_with("www.") || TOPS.contains(&top)),
    };
    is_link.then_some(name.start)
}

fn is_application(chunk: &str) -> bool {
    chunk.len() == APPLICATION
        && chunk.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
        && chunk.bytes().any(|b| b.is_ascii_alphabetic())
}

/// What stands for a link among the pieces of a message.
const OBJECT: Kind = Kind::Mark('\u{fffc}');

/// The pieces, with one for each link in place of those it is made of.
pub(super) fn cover(tokens: Vec<Token>, links: &[Range<usize>]) -> Vec<Token> {
    let mut links = links.iter().peekable();
    let mut covered: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        while links.next_if(|link| link.end <= token.start).is_some() {}
        match (links.peek(), covered.last_mut()) {
            (Some(link), Some(last)) if link.start < token.start && last.start == link.start => {
                last.end = token.end;
            }
            (Some(link), _) if link.start <= token.start => {
                covered.push(Token { kind: OBJECT, start: link.start, end: token.end });
            }
            _ => covered.push(token),
        }
    }
    covered
}
