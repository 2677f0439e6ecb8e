//! As much of Markdown as the checks need: links and headings outside code.

/// A link target and its line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link<'text> {
    pub(super) target: &'text str,
    pub(super) line: usize,
}

/// Lines outside fenced code, counted from one.
pub(super) fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fence: Option<&str> = None;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        match (fence, mark) {
            (None, Some(_)) => fence = mark,
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => return true,
            _ => {}
        }
        false
    })
}

/// Targets of `[text](target)`, images, and definitions `[name]: target`.
pub(super) fn links(text: &str) -> Vec<Link<'_>> {
    let mut found = Vec::new();
    for (line, content) in prose(text) {
        let definition =
            content.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        if let Some((_, target)) = definition {
            found.push(Link { target: first_word(target), line });
            continue;
        }
        // Every second piece between backticks is code.
        for piece in content.split('`').step_by(2) {
            let targets = piece.split("](").skip(1).filter_map(|rest| rest.split(')').next());
            found.extend(targets.map(|target| Link { target: first_word(target), line }));
        }
    }
    found
}

/// Cuts a title and angle brackets off a target.
fn first_word(target: &str) -> &str {
    target.split_whitespace().next().unwrap_or_default().trim_matches(['<', '>'])
}

/// The anchors of the headings of a document, as code hosts derive them.
pub(super) fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for (_, line) in prose(text) {
        let title = line.trim_start_matches('#');
        let level = line.len() - title.len();
        if !(1..=6).contains(&level) || !title.starts_with(' ') {
            continue;
        }
        let slug = slug(title.trim());
        let before = anchors.iter().filter(|anchor| **anchor == slug).count();
        anchors.push(slug.clone());
        if before > 0 {
            anchors.push(format!("{slug}-{before}"));
        }
    }
    anchors
}

fn slug(title: &str) -> String {
    title
        .chars()
        .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'))
        .flat_map(char::to_lowercase)
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(text: &str) -> Vec<&str> {
        links(text).iter().map(|link| link.target).collect()
    }

    #[test]
    fn finds_links_images_and_definitions() {
        let text = "[a](b.md) and ![c](d.png \"title\")\n[e]: <f.md>\n[`g`](h.md#i)";
        assert_eq!(targets(text), ["b.md", "d.png", "f.md", "h.md#i"]);
        assert_eq!(links("x\n\n[a](b)"), [Link { target: "b", line: 3 }]);
    }

    #[test]
    fn skips_code() {
        let text = "`[a](b)` [c](d)\n```rust\n[e](f)\n~~~\n```\n[g](h)";
        assert_eq!(targets(text), ["d", "h"]);
    }

    #[test]
    fn derives_anchors_as_code_hosts_do() {
        let text =
            "# Two words\n## `Code`, dots. & more\n#no heading\n## Two words\n```\n# no\n```";
        assert_eq!(anchors(text), ["two-words", "code-dots--more", "two-words", "two-words-1"]);
    }
}
