//! One form for what is written in many.

/// The zero of each script's digits; the other nine follow it.
const ZEROS: &[char] = &[
    '\u{660}',   // Arabic-Indic
    '\u{6f0}',   // Persian, Urdu
    '\u{7c0}',   // N'Ko
    '\u{966}',   // Devanagari
    '\u{9e6}',   // Bengali
    '\u{a66}',   // Gurmukhi
    '\u{ae6}',   // Gujarati
    '\u{b66}',   // Odia
    '\u{be6}',   // Tamil
    '\u{c66}',   // Telugu
    '\u{ce6}',   // Kannada
    '\u{d66}',   // Malayalam
    '\u{de6}',   // Sinhala
    '\u{e50}',   // Thai
    '\u{ed0}',   // Lao
    '\u{f20}',   // Tibetan
    '\u{1040}',  // Burmese
    '\u{17e0}',  // Khmer
    '\u{1810}',  // Mongolian
    '\u{ff10}',  // full width
    '\u{1d7ce}', // mathematical, in five faces
    '\u{1d7d8}',
    '\u{1d7e2}',
    '\u{1d7ec}',
    '\u{1d7f6}',
];

/// What a character becomes.
enum Form {
    Nothing,
    Blank,
    Line,
    Char(char),
}

/// The text with one form for each digit, Latin letter, dash and blank. Lines keep their ends,
/// blanks around them go.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut gap: Option<char> = None;
    for c in text.chars() {
        match form(c) {
            Form::Nothing => {}
            Form::Blank => gap = gap.or(Some(' ')),
            Form::Line => gap = Some('\n'),
            Form::Char(c) => {
                let gap = gap.take().filter(|_| !plain.is_empty());
                plain.extend(gap.into_iter().chain([c]));
            }
        }
    }
    plain
}

fn form(c: char) -> Form {
    match c {
        '\n' | '\r' | '\u{2028}' | '\u{2029}' => Form::Line,
        '!'..='~' => Form::Char(c),
        _ if is_unseen(c) => Form::Nothing,
        _ if c.is_whitespace() || c.is_control() => Form::Blank,
        _ => Form::Char(digit(c).unwrap_or_else(|| mark_or_letter(c))),
    }
}

/// Marks of direction, joiners, soft hyphens, variation selectors, keycaps and accents of their
/// own: they may stand anywhere in a code or word without changing it.
const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{300}'..='\u{36f}'
            | '\u{61c}'
            | '\u{640}'
            | '\u{64b}'..='\u{652}'
            | '\u{670}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{20e3}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
    )
}

fn digit(c: char) -> Option<char> {
    let of = |zero: &char| u32::from(c).checked_sub(u32::from(*zero)).filter(|value| *value < 10);
    ZEROS.iter().find_map(of).and_then(|value| char::from_digit(value, 10))
}

/// The full-width comma stays: unlike the narrow one, nobody writes it inside a number.
fn mark_or_letter(c: char) -> char {
    match c {
        '\u{ff0c}' => c,
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c).saturating_sub(0xfee0)).unwrap_or(c),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '·' | '・' | '‧' => {
            '-'
        }
        '٬' => ',',
        '٫' => '.',
        '٪' => '%',
        '‘' | '’' | 'ʼ' | '`' => '\'',
        '“' | '”' | '„' | '«' | '»' => '"',
        'أ' | 'إ' | 'آ' => 'ا',
        'ک' => 'ك',
        'ی' | 'ى' => 'ي',
        _ => c,
    }
}

/// The letter in the form that tables of words use. One letter stays one letter.
pub(super) fn small(c: char) -> char {
    match c {
        'İ' | 'ı' => 'i',
        'ё' | 'Ё' => 'е',
        'й' | 'Й' => 'и',
        _ if c.is_ascii() => c.to_ascii_lowercase(),
        _ => c.to_lowercase().next().unwrap_or(c),
    }
}
