//! Many words found in one pass (Aho and Corasick, 1975).

use std::collections::HashMap;

use super::fold;

/// Where in a word a needle may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bounds {
    starts_word: bool,
    ends_word: bool,
}

/// A word to be found, with what it means.
#[derive(Debug, Clone, Copy)]
struct Needle<R> {
    role: R,
    chars: usize,
    bounds: Bounds,
}

#[derive(Debug, Default)]
struct Node {
    /// The longest other end of what was read that is a beginning of a needle.
    fallback: usize,
    /// The next node on the way of fallbacks where a needle ends.
    shorter: Option<usize>,
    /// Which needles end here; several when one word is bounded in several ways.
    needles: Vec<usize>,
}

/// A needle that was found, as bytes of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match<R> {
    pub(super) role: R,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Words, ready to be found all at once.
#[derive(Debug)]
pub(super) struct Automaton<R> {
    nodes: Vec<Node>,
    edges: HashMap<(usize, char), usize>,
    needles: Vec<Needle<R>>,
}

impl<R: Copy> Automaton<R> {
    /// Makes ready the words, of which `*` at either side says that the word may go on there.
    pub(super) fn new(words: impl Iterator<Item = (&'static str, R)>) -> Self {
        let mut automaton =
            Self { nodes: vec![Node::default()], edges: HashMap::new(), needles: Vec::new() };
        for (word, role) in words {
            automaton.add(word, role);
        }
        automaton.link();
        automaton
    }

    fn add(&mut self, word: &str, role: R) {
        let (head, starts_word) = word.strip_prefix('*').map_or((word, true), |rest| (rest, false));
        let (body, ends_word) = head.strip_suffix('*').map_or((head, true), |rest| (rest, false));
        let (mut at, mut chars) = (0, 0);
        for c in fold::plain(body).chars().map(fold::small) {
            let next = self.nodes.len();
            at = *self.edges.entry((at, c)).or_insert(next);
            if at == next {
                self.nodes.push(Node::default());
            }
            chars += 1;
        }
        let needle = Needle { role, chars, bounds: Bounds { starts_word, ends_word } };
        if let Some(node) = self.nodes.get_mut(at).filter(|_| chars > 0) {
            node.needles.push(self.needles.len());
            self.needles.push(needle);
        }
    }

    /// Sets the fallbacks, nodes near the root first: theirs are nearer to it still.
    fn link(&mut self) {
        let mut children: Vec<Vec<(char, usize)>> = vec![Vec::new(); self.nodes.len()];
        for (&(parent, c), &child) in &self.edges {
            if let Some(list) = children.get_mut(parent) {
                list.push((c, child));
            }
        }
        let mut row = vec![0];
        while !row.is_empty() {
            let mut below = Vec::new();
            for parent in row {
                for &(c, child) in children.get(parent).into_iter().flatten() {
                    self.link_one(parent, c, child);
                    below.push(child);
                }
            }
            row = below;
        }
    }

    fn link_one(&mut self, parent: usize, c: char, child: usize) {
        let mut steps = 0;
        let fallback =
            if parent == 0 { 0 } else { self.step(self.fallback(parent), c, &mut steps) };
        let at_fallback = self.nodes.get(fallback);
        let shorter = match at_fallback {
            Some(node) if node.needles.is_empty() => node.shorter,
            _ => Some(fallback).filter(|node| *node != 0),
        };
        if let Some(node) = self.nodes.get_mut(child) {
            (node.fallback, node.shorter) = (fallback, shorter);
        }
    }

    fn fallback(&self, node: usize) -> usize {
        self.nodes.get(node).map_or(0, |node| node.fallback)
    }

    /// Where `c` leads from `at`.
    fn step(&self, mut at: usize, c: char, steps: &mut usize) -> usize {
        loop {
            *steps += 1;
            match self.edges.get(&(at, c)) {
                Some(next) => return *next,
                None if at == 0 => return 0,
                None => at = self.fallback(at),
            }
        }
    }

    /// All words in a text that [`fold::plain`] made, by their ends, and how many steps it took:
    /// at most two for each character, and one for each word.
    pub(super) fn find(&self, plain: &str) -> (Vec<Match<R>>, usize) {
        let text = Letters::of(plain);
        let (mut matches, mut steps, mut at) = (Vec::new(), 0, 0);
        for (index, &c) in text.small.iter().enumerate() {
            at = self.step(at, c, &mut steps);
            let mut ending = Some(at);
            while let Some(node) = ending.and_then(|node| self.nodes.get(node)) {
                steps += 1;
                let found = node.needles.iter().filter_map(|needle| self.needles.get(*needle));
                matches.extend(found.filter_map(|needle| text.place(index, needle)));
                ending = node.shorter;
            }
        }
        (matches, steps)
    }
}

/// What letters a word is made of; it ends where they change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Other,
    None,
}

fn script(c: char) -> Script {
    match c {
        'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => Script::Latin,
        _ if c.is_alphabetic() => Script::Other,
        _ => Script::None,
    }
}

/// A text by its characters.
struct Letters {
    small: Vec<char>,
    scripts: Vec<Script>,
    /// Where each character starts, and where the last one ends.
    starts: Vec<usize>,
}

impl Letters {
    fn of(plain: &str) -> Self {
        let mut starts: Vec<usize> = plain.char_indices().map(|(at, _)| at).collect();
        starts.push(plain.len());
        Self {
            small: plain.chars().map(fold::small).collect(),
            scripts: plain.chars().map(script).collect(),
            starts,
        }
    }

    /// Where a needle stands whose last character is `last`, if it may stand there.
    fn place<R: Copy>(&self, last: usize, needle: &Needle<R>) -> Option<Match<R>> {
        let (first, next) = ((last + 1).checked_sub(needle.chars)?, last + 1);
        let goes_on = (needle.bounds.starts_word && !self.is_bound(first))
            || (needle.bounds.ends_word && !self.is_bound(next));
        let (start, end) = (*self.starts.get(first)?, *self.starts.get(next)?);
        (!goes_on).then_some(Match { role: needle.role, start, end })
    }

    /// Whether no word goes on from the character before `index` to the one there.
    fn is_bound(&self, index: usize) -> bool {
        let before = index.checked_sub(1).and_then(|before| self.scripts.get(before));
        match (before, self.scripts.get(index)) {
            (Some(before), Some(after)) => before != after || *before == Script::None,
            _ => true,
        }
    }
}
