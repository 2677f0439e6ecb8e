//! What may be a code, before the words around it are looked at.

use std::ops::RangeInclusive;

use super::{
    atoms::{self, Atom, DATE_LIKE, HARDLY, Points, Shape, is_day, is_year, text},
    tokens::{Kind, Token},
};

/// How long a code is.
pub(super) const LENGTHS: RangeInclusive<usize> = 3..=10;
/// How long one without letters is, unless a word for "code" is right before it.
const DIGITS: RangeInclusive<usize> = 4..=8;
/// How many letters the name of a sender has that stands before its codes, as in `G-482913`.
const NAME: RangeInclusive<usize> = 1..=3;
/// Digits from which on several groups are a number of a telephone or card.
const LONG: usize = 9;

/// For capitals and digits: a word for "code" must stand somewhere before it.
const CAPITALS: Points = -25;
/// What it costs to be a part of a longer number: no code.
const PART: Points = 1_000;
/// For digits behind letters without a mark: the letters must be a word for "code".
const GLUED: Points = -44;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Number,
    /// A number that could be a year or a day.
    Date,
    /// Letters and digits.
    Mixed,
}

/// A possible code.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) code: String,
    pub(super) points: Points,
    pub(super) class: Class,
}

/// All that may be a code, in order.
pub(super) fn collect(plain: &str, tokens: &[Token]) -> Vec<Candidate> {
    let reader = Reader { plain, tokens };
    let mut candidates = reader.numbers();
    candidates.extend((0..tokens.len()).flat_map(|index| reader.with_letters(index)));
    // Two runs in order each, which a merge sort merges in one pass.
    candidates.sort_by_key(|candidate| candidate.start);
    candidates
}

struct Reader<'a> {
    plain: &'a str,
    tokens: &'a [Token],
}

impl Reader<'_> {
    fn numbers(&self) -> Vec<Candidate> {
        let atoms = atoms::gather(self.plain, self.tokens);
        let mut found = Vec::new();
        let mut rest = atoms.as_slice();
        while let Some(first) = rest.first() {
            let more = rest.windows(2).take_while(|pair| self.are_beside(pair)).count();
            let (run, after) = rest.split_at(more + 1);
            rest = after;
            match (first.shape, run) {
                (Shape::Grouped(points), [one]) => found.extend(self.joined(one, one, points)),
                (_, [one]) => found.extend(self.single(one)),
                (_, run) => self.read_run(run, &mut found),
            }
        }
        found
    }

    /// Whether two numbers of only digits have nothing but a blank between them, or the first is
    /// marked as a telephone's.
    fn are_beside(&self, pair: &[Atom]) -> bool {
        let [left, right] = pair else { return false };
        let is_telephone = self.is_marked_as_telephone(left) && right.shape != Shape::Other;
        (is_telephone || (left.shape == Shape::Plain && right.shape == Shape::Plain))
            && left.last + 2 == right.first
            && self.kind(left.last + 1) == Some(Kind::Mark(' '))
    }

    fn is_marked_as_telephone(&self, atom: &Atom) -> bool {
        self.before(atom.first, 1) == Some(Kind::Mark('+'))
    }

    /// Numbers with blanks between them are groups of one, or several.
    fn read_run(&self, run: &[Atom], found: &mut Vec<Candidate>) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return };
        let digits =
            |atom: &Atom| self.tokens.get(atom.first).map_or("", |it| text(self.plain, it));
        let lengths: Vec<usize> = run.iter().map(|atom| digits(atom).len()).collect();
        let total: usize = lengths.iter().sum();
        let is_telephone = self.is_marked_as_telephone(first)
            || (total >= LONG
                && (digits(first).starts_with('0')
                    || (run.len() > 2 && lengths.iter().all(|len| (2..=4).contains(len)))));
        if is_telephone {
            return;
        }
        let has_year = run.iter().any(|atom| is_year(digits(atom)));
        match atoms::grouped(&lengths).filter(|_| !has_year) {
            Some(points) => found.extend(self.joined(first, last, points - 1)),
            None => found.extend(run.iter().filter_map(|atom| self.single(atom))),
        }
    }

    fn joined(&self, first: &Atom, last: &Atom, points: Points) -> Option<Candidate> {
        let (start, end) = (self.tokens.get(first.first)?.start, self.tokens.get(last.last)?.end);
        let written = self.plain.get(start..end)?;
        let code = written.chars().filter(char::is_ascii_digit).collect();
        Some(Candidate { start, end, code, points, class: Class::Number })
    }

    fn single(&self, atom: &Atom) -> Option<Candidate> {
        let token = self.tokens.get(atom.first).filter(|_| atom.shape == Shape::Plain)?;
        let code = text(self.plain, token);
        let (class, points) = match code.len() {
            3 => (Class::Number, HARDLY),
            _ if is_year(code) || is_day(code) => (Class::Date, DATE_LIKE),
            6 => (Class::Number, 12),
            4 | 5 => (Class::Number, 10),
            7 | 8 => (Class::Number, 8),
            _ => return None,
        };
        let points = points - self.named(atom.first);
        Some(Candidate { start: token.start, end: token.end, code: code.to_owned(), points, class })
    }

    /// What it costs that letters with a dash stand before the number.
    fn named(&self, number: usize) -> Points {
        let name = number.checked_sub(2).and_then(|index| self.tokens.get(index));
        let is_chain = self.before(number, 3) == Some(Kind::Mark('-'));
        match name.filter(|_| self.before(number, 1) == Some(Kind::Mark('-'))) {
            Some(Token { kind: Kind::Mixed, .. }) => PART,
            Some(Token { kind: Kind::Letters, .. }) if is_chain => PART,
            Some(name) if name.kind == Kind::Letters => match text(self.plain, name) {
                name if NAME.contains(&name.len()) => 2,
                // `ABCD-1234` is one code.
                name if is_capital(name) => 40,
                _ => 5,
            },
            _ => 0,
        }
    }

    /// The codes with letters that begin with the piece at `index`.
    fn with_letters(&self, index: usize) -> Vec<Candidate> {
        let Some(token) = self.tokens.get(index) else { return Vec::new() };
        if matches!(self.before(index, 1), Some(Kind::Mark('-' | '_' | '/' | '+' | '@' | '*'))) {
            return Vec::new();
        }
        let whole = match self.kind(index + 1) {
            Some(Kind::Mark('-')) if self.is_alphanumeric(index + 2) => self.pair(index),
            Some(Kind::Mark('_' | '@')) => None,
            _ if token.kind == Kind::Mixed => self.mixed(token),
            _ => None,
        };
        let glued = if token.kind == Kind::Mixed { self.glued(token) } else { None };
        whole.into_iter().chain(glued).collect()
    }

    fn mixed(&self, token: &Token) -> Option<Candidate> {
        let code = text(self.plain, token);
        let is_masked = code.trim_start_matches(['x', 'X']).bytes().all(|b| b.is_ascii_digit());
        if is_masked || !(4..=*LENGTHS.end()).contains(&code.len()) {
            return None;
        }
        let points = if is_capital(code) { CAPITALS } else { HARDLY };
        let Token { start, end, .. } = *token;
        Some(Candidate { start, end, code: code.to_owned(), points, class: Class::Mixed })
    }

    /// Two groups of one length, capitals and digits: `A1B-2C3`.
    fn pair(&self, index: usize) -> Option<Candidate> {
        let (left, right) = (self.tokens.get(index)?, self.tokens.get(index + 2)?);
        let code = format!("{}{}", text(self.plain, left), text(self.plain, right));
        let is_code = left.len() == right.len()
            && (4..=*LENGTHS.end()).contains(&code.len())
            && is_capital(&code)
            && code.bytes().any(|byte| byte.is_ascii_digit())
            && code.bytes().any(|byte| byte.is_ascii_alphabetic())
            && self.kind(index + 3) != Some(Kind::Mark('-'));
        let (start, end) = (left.start, right.end);
        let class = Class::Mixed;
        is_code.then_some(Candidate { start, end, code, points: CAPITALS, class })
    }

    /// Digits behind a word without a blank: `OTP482913`.
    fn glued(&self, token: &Token) -> Option<Candidate> {
        let code = text(self.plain, token).trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let is_code = DIGITS.contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
        let start = token.end.checked_sub(code.len())?;
        let (code, class) = (code.to_owned(), Class::Number);
        is_code.then_some(Candidate { start, end: token.end, code, points: GLUED, class })
    }

    fn kind(&self, index: usize) -> Option<Kind> {
        self.tokens.get(index).map(|token| token.kind)
    }

    fn before(&self, index: usize, count: usize) -> Option<Kind> {
        index.checked_sub(count).and_then(|index| self.kind(index))
    }

    fn is_alphanumeric(&self, index: usize) -> bool {
        matches!(self.kind(index), Some(Kind::Digits | Kind::Letters | Kind::Mixed))
    }
}

fn is_capital(code: &str) -> bool {
    !code.bytes().any(|byte| byte.is_ascii_lowercase())
}
