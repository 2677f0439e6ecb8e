//! Numbers as they are written without blanks: `482913`, `123-456`, `20.11.2026`, `1,250.00`.

use super::tokens::{Kind, Token};

/// How well something is suited to be a code, before its neighbours are looked at.
pub(super) type Points = i32;

/// For what hardly ever is a code: only a word for "code" right before it makes it one.
pub(super) const HARDLY: Points = -38;
/// For what looks like a year or day: as above, with a colon or an "is" between them.
pub(super) const DATE_LIKE: Points = -40;

/// What a number may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Only digits.
    Plain,
    /// Digits in groups that make one code.
    Grouped(Points),
    /// An amount, a date, a time, a telephone number, something with a mark at its side.
    Other,
}

/// A number, by its first and last piece.
#[derive(Debug, Clone, Copy)]
pub(super) struct Atom {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) shape: Shape,
}

/// All numbers in order.
pub(super) fn gather(plain: &str, tokens: &[Token]) -> Vec<Atom> {
    let mut atoms = Vec::new();
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        if token.kind == Kind::Digits {
            let atom = Parts::read(tokens, index).atom(plain, tokens);
            index = atom.last;
            atoms.push(atom);
        }
        index += 1;
    }
    atoms
}

/// The digits of a number between its marks.
struct Parts<'a> {
    first: usize,
    groups: Vec<&'a Token>,
    marks: Vec<char>,
}

impl<'a> Parts<'a> {
    fn read(tokens: &'a [Token], first: usize) -> Self {
        let mut parts =
            Self { first, groups: tokens.get(first).into_iter().collect(), marks: vec![] };
        while let (Some(mark), Some(group)) =
            (tokens.get(parts.last() + 1), tokens.get(parts.last() + 2))
            && let Kind::Mark(mark) = mark.kind
            && group.kind == Kind::Digits
            && parts.goes_on(mark, group, tokens.get(parts.last() + 3))
        {
            parts.marks.push(mark);
            parts.groups.push(group);
        }
        parts
    }

    const fn last(&self) -> usize {
        self.first + 2 * self.marks.len()
    }

    /// Whether `mark` is inside the number. A comma also stands between a code and what comes
    /// next, as in `839201,5分钟`, where it separates neither thousands nor cents.
    fn goes_on(&self, mark: char, group: &Token, after: Option<&Token>) -> bool {
        let before = self.groups.last().map_or(0, |group| group.len());
        let is_thousands = before <= 3 && group.len() == 3;
        let is_cents = group.len() == 2 && (before <= 4 || !self.marks.is_empty());
        let meets_letters = after.is_some_and(|it| matches!(it.kind, Kind::Word | Kind::Letters));
        match mark {
            '.' | ':' | '/' | '-' => true,
            '\'' => is_thousands,
            ',' => is_thousands || (is_cents && !meets_letters),
            _ => false,
        }
    }

    fn atom(&self, plain: &str, tokens: &[Token]) -> Atom {
        let (first, last) = (self.first, self.last());
        let shape = if is_marked(tokens, first, last) { Shape::Other } else { self.shape(plain) };
        Atom { first, last, shape }
    }

    fn shape(&self, plain: &str) -> Shape {
        let Some((mark, others)) = self.marks.split_first() else { return Shape::Plain };
        if others.iter().any(|other| other != mark) {
            return Shape::Other;
        }
        let lengths: Vec<usize> = self.groups.iter().map(|group| group.len()).collect();
        match (mark, lengths.as_slice()) {
            ('.', [3, 3]) => Shape::Grouped(HARDLY),
            ('-', [2, 2, 2]) if self.is_date(plain) => Shape::Grouped(HARDLY),
            ('-', [4, 4]) if self.groups.iter().all(|group| is_year(text(plain, group))) => {
                Shape::Other
            }
            ('-', _) if self.is_date(plain) => Shape::Other,
            ('-', lengths) => grouped(lengths).map_or(Shape::Other, Shape::Grouped),
            _ => Shape::Other,
        }
    }

    /// Whether this is a day in any order that is in use.
    fn is_date(&self, plain: &str) -> bool {
        let value = |group: &&Token| text(plain, group).parse::<u16>().unwrap_or(u16::MAX);
        let is_day = |day: u16, month: u16| {
            (1..=31).contains(&day.max(month)) && (1..=12).contains(&day.min(month))
        };
        let [left, middle, right] = self.groups.as_slice() else { return false };
        let [a, b, c] = [left, middle, right].map(value);
        match [left.len(), middle.len(), right.len()] {
            [4, 1 | 2, 1 | 2] => is_day(b, c),
            [1 | 2, 1 | 2, 4 | 2] => is_day(a, b) || is_day(b, c),
            _ => false,
        }
    }
}

/// Groups of one length that make a code together.
pub(super) fn grouped(lengths: &[usize]) -> Option<Points> {
    match lengths {
        [3, 3] => Some(12),
        [4, 4] => Some(6),
        [2, 2, 2] => Some(-12),
        [2, 2] => Some(HARDLY),
        ones if (4..=8).contains(&ones.len()) && ones.iter().all(|len| *len == 1) => Some(-20),
        _ => None,
    }
}

/// Whether the marks around a number tell that it is part of something else: `+4915`, `**1234`,
/// `..1234`, `50%`, `*123#`, `(021) 5551234`.
fn is_marked(tokens: &[Token], first: usize, last: usize) -> bool {
    let mark = |token: Option<&Token>| match token.map(|token| token.kind) {
        Some(Kind::Mark(mark)) => Some(mark),
        _ => None,
    };
    let before = |count: usize| first.checked_sub(count).and_then(|index| tokens.get(index));
    let after = |count: usize| tokens.get(last + count);
    match (mark(before(1)), mark(after(1))) {
        (Some('*'), Some('*')) => after(2).is_some_and(|next| next.kind == Kind::Digits),
        (Some('+' | '/' | '_' | '@' | '*' | '•' | '…'), _)
        | (_, Some('+' | '_' | '@' | '%' | '‰')) => true,
        (Some('.'), _) => mark(before(2)) == Some('.'),
        (Some(')'), _) => is_area(tokens, first.saturating_sub(2)),
        (Some(' '), _) if mark(before(2)) == Some(')') => is_area(tokens, first.saturating_sub(3)),
        _ => false,
    }
}

/// Digits of a telephone's area in brackets, by the place of the digits.
fn is_area(tokens: &[Token], digits: usize) -> bool {
    let opens = digits.checked_sub(1).and_then(|index| tokens.get(index));
    opens.is_some_and(|open| open.kind == Kind::Mark('('))
        && tokens.get(digits).is_some_and(|it| it.kind == Kind::Digits && it.len() <= 3)
}

pub(super) fn text<'a>(plain: &'a str, token: &Token) -> &'a str {
    plain.get(token.start..token.end).unwrap_or_default()
}

pub(super) fn is_year(digits: &str) -> bool {
    digits.len() == 4 && digits.parse().is_ok_and(|year| (1900..2100).contains(&year))
}

/// A day as registers write it: `20261120`.
pub(super) fn is_day(digits: &str) -> bool {
    let part = |range| digits.get(range).and_then(|part: &str| part.parse::<u8>().ok());
    digits.len() == 8
        && digits.get(..4).is_some_and(is_year)
        && part(4..6).is_some_and(|month| (1..=12).contains(&month))
        && part(6..8).is_some_and(|day| (1..=31).contains(&day))
}
