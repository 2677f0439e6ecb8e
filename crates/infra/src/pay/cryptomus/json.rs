//! Taking a JSON object apart without touching the bytes of what stays.

/// Nesting that no genuine body comes near to.
const DEEPEST: u32 = 16;

/// The text of the top-level member `name`, and `object` without it and one comma beside it.
/// Nothing when it is no object, or does not have exactly one such member.
pub(super) fn without_member<'a>(object: &'a [u8], name: &str) -> Option<(&'a str, Vec<u8>)> {
    let mut reader = Reader { bytes: object, at: 0 };
    let (mut found, mut is_first) = (None, true);
    reader.expect(b'{')?;
    loop {
        // Where this member begins, with the comma in front of it if there is one.
        let start = reader.at;
        if !is_first {
            reader.expect(b',')?;
        }
        let bare_start = reader.at;
        let key = reader.string()?;
        reader.expect(b':')?;
        let value = reader.value(0)?;
        let end = reader.at;
        if key.get(1..key.len().checked_sub(1)?)? == name.as_bytes() {
            let cut = if is_first { bare_start..reader.past_comma() } else { start..end };
            if found.replace((value, cut)).is_some() {
                return None;
            }
        }
        is_first = false;
        if reader.peek()? == b'}' {
            break;
        }
    }
    reader.expect(b'}')?;
    if reader.peek().is_some() {
        return None;
    }
    let (value, cut) = found?;
    let rest = [object.get(..cut.start)?, object.get(cut.end..)?].concat();
    Some((std::str::from_utf8(value).ok()?, rest))
}

/// `json` as PHP writes it: no blanks, and each slash escaped. It means the same as before.
pub(super) fn compact(json: &[u8]) -> Vec<u8> {
    let mut compact = Vec::with_capacity(json.len());
    let (mut in_string, mut is_escaped) = (false, false);
    for &byte in json {
        if !in_string && is_blank(byte) {
            continue;
        }
        if byte == b'/' && in_string && !is_escaped {
            compact.push(b'\\');
        }
        if byte == b'"' && !is_escaped {
            in_string = !in_string;
        }
        is_escaped = in_string && byte == b'\\' && !is_escaped;
        compact.push(byte);
    }
    compact
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Steps over JSON; strict about structure, while plain values are left to whoever reads them.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// The next byte that is not blank.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if !is_blank(byte) {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn expect(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    /// The position behind the next comma, or here when there is none.
    fn past_comma(&mut self) -> usize {
        let here = self.at;
        let end = if self.expect(b',').is_some() { self.at } else { here };
        self.at = here;
        end
    }

    /// A string with its quotes.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.expect(b'"')?;
        let start = self.at.checked_sub(1)?;
        loop {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            match byte {
                b'"' => return self.bytes.get(start..self.at),
                b'\\' => self.at += 1,
                0..0x20 => return None,
                _ => {}
            }
        }
    }

    fn value(&mut self, depth: u32) -> Option<&'a [u8]> {
        let first = self.peek()?;
        let start = self.at;
        match first {
            b'"' => return self.string(),
            b'{' => self.members(b'}', depth)?,
            b'[' => self.members(b']', depth)?,
            _ => self.word()?,
        }
        self.bytes.get(start..self.at)
    }

    /// A number or one of the names.
    fn word(&mut self) -> Option<()> {
        let rest = self.bytes.get(self.at..)?;
        let is_part =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let length = rest.iter().take_while(|byte| is_part(byte)).count();
        self.at += length;
        (length > 0).then_some(())
    }

    /// All of an object or array.
    fn members(&mut self, end: u8, depth: u32) -> Option<()> {
        if depth == DEEPEST {
            return None;
        }
        self.at += 1;
        if self.peek()? == end {
            return self.expect(end);
        }
        loop {
            if end == b'}' {
                self.string()?;
                self.expect(b':')?;
            }
            self.value(depth + 1)?;
            if self.peek()? == end {
                return self.expect(end);
            }
            self.expect(b',')?;
        }
    }
}

#[cfg(test)]
mod tests;
