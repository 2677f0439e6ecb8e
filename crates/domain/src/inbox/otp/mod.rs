//! Finding the code in a message.
//!
//! The message is made plain (`fold`); words that tell a code from another number are found in
//! one pass over it (`cues`); what may be a code is collected (`candidates`); and each
//! candidate is judged by what stands beside it (`score`). Each step looks at each character a
//! bounded number of times, so that a message made to be slow is only long.

mod atoms;
mod automaton;
mod candidates;
mod cues;
mod domain_bound;
mod fold;
mod links;
mod score;
mod tokens;

#[cfg(test)]
mod tests;

use automaton::Match;
use cues::Role;

/// Letters of the longest word that is shortened with a full stop before a number.
const SHORTENED: usize = 4;

/// The most probable code in `text` as one would type it: digits without the marks that group them
/// (`123-456`), without the name of its sender (`G-123456`), and with its letters where it has
/// some. Other scripts' digits become ASCII ones.
///
/// Takes time in proportion to the length of the text, whatever is in it.
pub fn recognise(text: &str) -> Option<String> {
    counted(text).0
}

/// The text as [`recognise`] reads it: digits, letters and dashes of all widths and scripts in one
/// form, runs of blanks as one, and nothing that cannot be seen.
pub fn readable(text: &str) -> String {
    fold::plain(text)
}

/// The code, and how many steps finding it took.
fn counted(text: &str) -> (Option<String>, usize) {
    let plain = fold::plain(text);
    if let Some(code) = domain_bound::code(&plain) {
        return (Some(code), text.len());
    }
    let (found, walked) = cues::find(&plain);
    let tokens = links::cover(tokens::split(&plain), &links::find(&plain));
    let is_short = |cue: &&Match<Role>| {
        let words = plain.get(cue.start..cue.end).unwrap_or_default();
        words.rsplit(' ').next().is_some_and(|last| last.chars().count() <= SHORTENED)
    };
    let numbered = found.iter().filter(|cue| cue.role.comes_first());
    let shortened = numbered.filter(is_short).map(|cue| cue.end);
    let ends = tokens::sentence_ends(&tokens, shortened);
    let candidates = candidates::collect(&plain, &tokens);
    let steps = text.len() + walked + found.len() + tokens.len() + candidates.len();
    (score::best(&plain, candidates, found, &ends), steps)
}
