//! A message in pieces.

/// What a piece is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// ASCII digits.
    Digits,
    /// ASCII letters.
    Letters,
    /// ASCII letters and digits, some of each.
    Mixed,
    /// Letters of other scripts, or with accents.
    Word,
    /// One other character.
    Mark(char),
}

/// A piece, as bytes of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Token {
    pub(super) const fn len(&self) -> usize {
        self.end.saturating_sub(self.start)
    }
}

fn kind(c: char) -> Kind {
    match c {
        '0'..='9' => Kind::Digits,
        'a'..='z' | 'A'..='Z' => Kind::Letters,
        _ if c.is_alphabetic() => Kind::Word,
        _ => Kind::Mark(c),
    }
}

/// What two neighbouring pieces make together, if they belong together.
const fn joined(left: Kind, right: Kind) -> Option<Kind> {
    match (left, right) {
        (Kind::Digits, Kind::Digits) => Some(Kind::Digits),
        (Kind::Letters, Kind::Letters) => Some(Kind::Letters),
        (Kind::Word, Kind::Word) => Some(Kind::Word),
        (Kind::Mixed | Kind::Digits | Kind::Letters, Kind::Digits | Kind::Letters) => {
            Some(Kind::Mixed)
        }
        _ => None,
    }
}

/// The pieces of a text that [`super::fold::plain`] made.
pub(super) fn split(plain: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for (start, c) in plain.char_indices() {
        let (new, end) = (kind(c), start + c.len_utf8());
        match tokens.last_mut() {
            Some(last) if let Some(kind) = joined(last.kind, new) => {
                (last.kind, last.end) = (kind, end);
            }
            _ => tokens.push(Token { kind: new, start, end }),
        }
    }
    tokens
}

/// Where sentences end. A full stop ends none behind one of `shortened`, which are the ends of
/// short words that stand before numbers, in order: `Ref. 4812`.
pub(super) fn sentence_ends(
    tokens: &[Token],
    shortened: impl Iterator<Item = usize>,
) -> Vec<usize> {
    let mut shortened = shortened.peekable();
    let mut ends = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        while shortened.next_if(|end| *end < token.start).is_some() {}
        let at = |count: usize| tokens.get(index + count).map(|token| token.kind);
        let ends_here = match token.kind {
            Kind::Mark('\n' | '!' | '?' | '。' | '।' | '؟' | '۔') => true,
            Kind::Mark('.') => {
                let is_last = matches!(at(1), Some(Kind::Mark(_)) | None);
                is_last && shortened.peek() != Some(&token.start)
            }
            _ => false,
        };
        if ends_here {
            ends.push(token.start);
        }
    }
    ends
}
