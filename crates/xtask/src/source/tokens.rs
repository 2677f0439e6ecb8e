//! Reads what syn leaves unparsed: the inside of macros and attributes, and every literal.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

use super::Lines;

/// A path written inside a macro, with its line.
pub(super) struct TokenPath {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
}

/// Every `a::b` in `stream`, at any depth. `a::{…}` and `a::*` count as a path `a`.
pub(super) fn paths(stream: TokenStream) -> Vec<TokenPath> {
    let mut found = Vec::new();
    collect_paths(stream, &mut found);
    found
}

fn collect_paths(stream: TokenStream, found: &mut Vec<TokenPath>) {
    let mut open = Vec::new();
    let mut line = 0;
    let mut after_colons = false;
    let mut tokens = stream.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Ident(ident) => {
                if !after_colons {
                    close(&mut open, line, false, found);
                    line = ident.span().start().line;
                }
                open.push(ident.to_string());
                after_colons = false;
            }
            TokenTree::Punct(colon) if colon.as_char() == ':' => {
                let doubled =
                    colon.spacing() == Spacing::Joint && tokens.next_if(is_colon).is_some();
                if !doubled {
                    close(&mut open, line, false, found);
                }
                after_colons = doubled && !open.is_empty();
            }
            other => {
                let tree = match other {
                    TokenTree::Group(_) => true,
                    TokenTree::Punct(punct) => punct.as_char() == '*',
                    _ => false,
                };
                close(&mut open, line, after_colons && tree, found);
                after_colons = false;
            }
        }
        if let TokenTree::Group(group) = token {
            collect_paths(group.stream(), found);
        }
    }
    close(&mut open, line, false, found);
}

fn is_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':')
}

/// Ends a path. A single word is one only as the root of a `use` tree.
fn close(open: &mut Vec<String>, line: usize, tree: bool, found: &mut Vec<TokenPath>) {
    let segments = std::mem::take(open);
    if segments.len() > 1 || (tree && !segments.is_empty()) {
        found.push(TokenPath { segments, line });
    }
}

/// Lines of `#[allow(…)]` in `stream`, the inside of a macro.
pub(super) fn allows(stream: TokenStream) -> Vec<usize> {
    let mut found = Vec::new();
    let mut after_hash = false;
    for token in stream {
        after_hash = match token {
            TokenTree::Punct(punct) => {
                punct.as_char() == '#' || (after_hash && punct.as_char() == '!')
            }
            TokenTree::Group(group) => {
                let is_attribute = after_hash && group.delimiter() == Delimiter::Bracket;
                let within = if is_attribute { nested_allows } else { allows };
                found.extend(within(group.stream()));
                false
            }
            TokenTree::Ident(_) | TokenTree::Literal(_) => false,
        };
    }
    found
}

/// Lines of `allow(…)` in `stream`, the inside of an attribute, as in `cfg_attr(x, allow(y))`.
pub(super) fn nested_allows(stream: TokenStream) -> Vec<usize> {
    let mut found = Vec::new();
    let mut tokens = stream.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let before_group = matches!(tokens.peek(), Some(TokenTree::Group(_)));
        match token {
            TokenTree::Ident(ident) if ident == "allow" && before_group => {
                found.push(ident.span().start().line);
            }
            TokenTree::Group(group) => found.extend(nested_allows(group.stream())),
            _ => {}
        }
    }
    found
}

/// Lines of the string literals in `stream`. Doc comments, which the lexer turns into literals
/// too, are left out: `text` tells them apart.
pub(super) fn strings(stream: TokenStream, text: &str) -> Vec<Lines> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    collect_strings(stream, &lines, &mut found);
    found
}

fn collect_strings(stream: TokenStream, lines: &[&str], found: &mut Vec<Lines>) {
    for token in stream {
        match token {
            TokenTree::Group(group) => collect_strings(group.stream(), lines, found),
            TokenTree::Literal(literal) => {
                let (start, end) = (literal.span().start(), literal.span().end());
                let source = lines.get(start.line.saturating_sub(1)).copied().unwrap_or_default();
                let is_comment = source.chars().nth(start.column) == Some('/');
                if !is_comment && literal.to_string().contains('"') {
                    found.push(start.line..=end.line);
                }
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}
