//! Which candidate is the code.

use std::collections::HashSet;

use super::{
    atoms::Points,
    automaton::Match,
    candidates::{Candidate, Class},
    cues::{Role, Side},
};

type Cue = Match<Role>;

/// Bytes between a hint and a number that cost a point.
const BYTES_PER_POINT: usize = 3;
/// What distance costs at most: a strong hint counts across the whole message.
const FAR: usize = 40;
/// What the end of a sentence between them costs.
const SENTENCE: Points = 25;
/// What a hint behind a number is worth less than one before it.
const BEHIND: Points = 6;
/// What "is" or a colon right before the number is worth.
const INTRODUCED: Points = 8;
/// What "is your" right behind the number is worth.
const SAID: Points = 16;
/// What a foil costs between a hint and a number that is introduced: "code for your order: 4812".
const EXCUSED: Points = 30;
/// What an offer in the same sentence costs letters and digits: they are what to buy with.
const OFFERED: Points = 60;
/// What no hint makes up for.
const NEVER: Points = -1_000;
/// Bytes between a number and what belongs to it: a mark with blanks around it.
const BESIDE: usize = 3;

/// The code among the candidates, which are in order, as the cues are by their ends and the
/// `ends` of sentences.
pub(super) fn best(
    plain: &str,
    candidates: Vec<Candidate>,
    cues: Vec<Cue>,
    ends: &[usize],
) -> Option<String> {
    let cue_sentences = sentences(cues.iter().map(|cue| cue.end), ends);
    let own_sentences = sentences(candidates.iter().map(|candidate| candidate.start), ends);
    let cues: Vec<(Cue, usize)> = cues.into_iter().zip(cue_sentences).collect();
    let candidates: Vec<(Candidate, usize)> = candidates.into_iter().zip(own_sentences).collect();
    let behind = read_backwards(plain, &candidates, &cues);
    let before = read_forwards(plain, &candidates, &cues);
    let is_offer = |(cue, own): &(Cue, usize)| (cue.role == Role::Offer).then_some(*own);
    let offers: HashSet<usize> = cues.iter().filter_map(is_offer).collect();
    let mut best: Option<(Points, String)> = None;
    for (((candidate, sentence), behind), before) in candidates.into_iter().zip(behind).zip(before)
    {
        let hint = behind.hint.max(before.hint);
        let is_offered = candidate.class == Class::Mixed && offers.contains(&sentence);
        let offered = if is_offered { OFFERED } else { 0 };
        let points = candidate.points + hint + behind.other + before.other - offered;
        if points > best.as_ref().map_or(0, |(most, _)| *most) {
            best = Some((points, candidate.code));
        }
    }
    best.map(|(_, code)| code)
}

/// In which sentence each of some places is, which are in order.
fn sentences(places: impl Iterator<Item = usize>, ends: &[usize]) -> Vec<usize> {
    let mut passed = 0;
    places
        .map(|place| {
            while ends.get(passed).is_some_and(|end| *end < place) {
                passed += 1;
            }
            passed
        })
        .collect()
}

/// What one side of a candidate says.
#[derive(Debug, Clone, Copy, Default)]
struct Word {
    hint: Points,
    other: Points,
}

/// The last hint of each strength, with its sentence.
#[derive(Default)]
struct Hints([Option<(Cue, usize)>; 3]);

impl Hints {
    fn take(&mut self, cue: Cue, sentence: usize) {
        if let Role::Hint(strength, _) = cue.role
            && let Some(slot) = self.0.get_mut(strength.index())
        {
            *slot = Some((cue, sentence));
        }
    }

    /// Whether one that ends foils is in `sentence`.
    fn are_in(&self, sentence: usize) -> bool {
        self.0.iter().flatten().any(|(cue, own)| {
            *own == sentence && matches!(cue.role, Role::Hint(strength, _) if strength.ends_foils())
        })
    }

    /// What the best of them is worth for a number in `sentence`.
    fn points(&self, sentence: usize, gap: impl Fn(&Cue) -> usize) -> Points {
        let worth = |(cue, own): &(Cue, usize)| {
            let Role::Hint(strength, _) = cue.role else { return 0 };
            let far = (gap(cue) / BYTES_PER_POINT).min(FAR);
            let apart = if *own == sentence { 0 } else { SENTENCE };
            strength.points() - Points::try_from(far).unwrap_or(Points::MAX) - apart
        };
        self.0.iter().flatten().map(worth).max().unwrap_or(0).max(0)
    }
}

fn read_forwards(
    plain: &str,
    candidates: &[(Candidate, usize)],
    cues: &[(Cue, usize)],
) -> Vec<Word> {
    let mut hints = Hints::default();
    let (mut foil, mut beside, mut link) = (None, None, None);
    let mut rest = cues;
    let mut words = Vec::with_capacity(candidates.len());
    for (candidate, sentence) in candidates {
        let start = candidate.start;
        while let Some((&(cue, own), after)) = rest.split_first()
            && cue.end <= start
        {
            rest = after;
            match cue.role {
                Role::Hint(strength, Side::Before | Side::Either) => {
                    hints.take(cue, own);
                    if strength.ends_foils() {
                        foil = None;
                    }
                }
                Role::Foil { weight, reach } => foil = Some((cue.end + reach, own, weight)),
                Role::Currency | Role::Month => beside = Some((cue, own)),
                Role::Link => link = Some((cue.end, own)),
                Role::Hint(_, Side::Behind) | Role::Unit | Role::Offer => {}
            }
        }
        let fooled = foil.filter(|(reach, own, _)| *reach >= start && own == sentence);
        let priced = beside.is_some_and(|(cue, own): (Cue, usize)| {
            own == *sentence && is_gap(plain, cue.end, start) && is_of(cue.role, candidate)
        });
        let linked = link.is_some_and(|(end, own)| end + BESIDE >= start && own == *sentence);
        let introduced = linked || is_introduced(plain, start);
        let excused = introduced && hints.are_in(*sentence);
        words.push(Word {
            hint: hints.points(*sentence, |cue| start - cue.end),
            other: fooled.map_or(0, |(.., weight)| if excused { -EXCUSED } else { -weight })
                + if priced { NEVER } else { 0 }
                + if introduced { INTRODUCED } else { 0 },
        });
    }
    words
}

fn read_backwards(
    plain: &str,
    candidates: &[(Candidate, usize)],
    cues: &[(Cue, usize)],
) -> Vec<Word> {
    let mut hints = Hints::default();
    let mut next: Option<(Cue, usize)> = None;
    let mut said: Option<(usize, usize)> = None;
    let mut rest = cues;
    let mut words = Vec::with_capacity(candidates.len());
    for (candidate, sentence) in candidates.iter().rev() {
        let end = candidate.end;
        while let Some((&(cue, own), before)) = rest.split_last()
            && cue.end > end
        {
            rest = before;
            match cue.role {
                _ if cue.start < end => {}
                Role::Hint(_, side @ (Side::Behind | Side::Either)) => {
                    hints.take(cue, own);
                    if side == Side::Behind {
                        said = Some((cue.start, own));
                    }
                }
                Role::Link => said = Some((cue.start, own)),
                Role::Currency | Role::Month | Role::Unit => next = Some((cue, own)),
                Role::Hint(..) | Role::Foil { .. } | Role::Offer => {}
            }
        }
        let measured = next.is_some_and(|(cue, own)| {
            own == *sentence
                && is_gap(plain, end, cue.start)
                && is_of(cue.role, candidate)
                && !is_before_number(plain, &cue)
        });
        let is_said =
            said.is_some_and(|(start, own)| own == *sentence && is_gap(plain, end, start));
        let within = rest.iter().rev().take_while(|(cue, _)| cue.end > candidate.start);
        let is_word = within.fold(false, |known, (cue, _)| known || is_part(cue, candidate));
        let hint = hints.points(*sentence, |cue| cue.start.saturating_sub(end));
        words.push(Word {
            hint: (hint - BEHIND).max(0),
            other: if measured || is_word { NEVER } else { 0 } + if is_said { SAID } else { 0 },
        });
    }
    words.reverse();
    words
}

/// Whether nothing but a blank and a mark lie between a number and what it counts.
fn is_gap(plain: &str, left: usize, right: usize) -> bool {
    right.saturating_sub(left) <= BESIDE
        && plain.get(left..right).is_some_and(|gap| gap.bytes().all(|b| b" .:-".contains(&b)))
}

/// Whether the cue beside it says what the number is. Only a year is part of a day in words.
fn is_of(role: Role, candidate: &Candidate) -> bool {
    role != Role::Month || candidate.class == Class::Date
}

/// Whether a number follows that the cue belongs to, as in `482913 Rp 5.000`.
fn is_before_number(plain: &str, cue: &Cue) -> bool {
    let after = plain.get(cue.end..).unwrap_or_default().chars();
    cue.role != Role::Unit
        && after
            .take(BESIDE + 1)
            .find(|c| *c != ' ' && *c != '.')
            .is_some_and(|c| c.is_ascii_digit())
}

/// Whether a colon, dash or the like leads to `start`.
fn is_introduced(plain: &str, start: usize) -> bool {
    let before = plain.get(..start).unwrap_or_default().chars().rev();
    let mark = before.take(4).find(|c| {
        !matches!(c, ' ' | '\n' | '"' | '\'' | '(' | '[' | '<' | '*' | '#' | '{' | '【' | '「')
    });
    mark.is_some_and(|mark| matches!(mark, ':' | '=' | '-' | '>' | '：'))
}

/// Whether the candidate is a word and digits: `20NOV`, `INR500`, `10GB`.
fn is_part(cue: &Cue, candidate: &Candidate) -> bool {
    let is_first = cue.start == candidate.start;
    let (Some(from), Some(to)) =
        (cue.start.checked_sub(candidate.start), cue.end.checked_sub(candidate.start))
    else {
        return false;
    };
    let rest = if is_first { candidate.code.get(to..) } else { candidate.code.get(..from) };
    candidate.class == Class::Mixed
        && (is_first || cue.end == candidate.end)
        && rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
        && match cue.role {
            Role::Hint(..) | Role::Foil { .. } => is_first,
            Role::Currency | Role::Month | Role::Unit => true,
            Role::Link | Role::Offer => false,
        }
}
