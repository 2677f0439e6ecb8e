//! Taking inputs apart.

use std::borrow::Cow;

/// The first line, and everything behind it.
pub(crate) fn first_line(input: &[u8]) -> (Cow<'_, str>, &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n');
    let (line, rest) = match end {
        Some(end) => (&input[..end], &input[end + 1..]),
        None => (input, &[][..]),
    };
    (String::from_utf8_lossy(line), rest)
}

/// As text, with what is none of it replaced.
pub(crate) fn text(input: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(input)
}

/// Some number that depends on all of `input`, to choose something by.
pub(crate) fn choice(input: &[u8]) -> usize {
    // FNV-1a; the fold keeps the better mixed upper half.
    let hash = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    usize::try_from(hash >> 32).unwrap_or_default()
}

/// `bytes` with one bit flipped; `choice` says which. Nothing when there is none.
pub(crate) fn flipped(bytes: &[u8], choice: usize) -> Option<Vec<u8>> {
    let mut changed = bytes.to_vec();
    let position = (choice / 8).checked_rem(bytes.len())?;
    changed[position] ^= 1 << (choice % 8);
    Some(changed)
}
