//! Changes of known inputs, the same ones each time.

/// Longer inputs find nothing that shorter ones do not.
const LONGEST: usize = 8 * 1024;
/// Numbers around which mistakes gather.
const NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "1",
    "00",
    "1e9",
    "0.1",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "1000000000000001",
    "0.0000001",
];
/// Bytes that mean something to some reader.
const BYTES: &[u8] = b"\0\t\n\r \"'%&*+,-./0189:;<=>?@AZ[\\]_az{|}~\x7f\x80\xbf\xc3\xff";

/// Makes inputs out of a corpus.
#[derive(Debug)]
pub struct Mutator<'a> {
    state: u64,
    corpus: &'a [Vec<u8>],
    words: &'a [&'a str],
    last: Vec<u8>,
}

impl<'a> Mutator<'a> {
    /// The sequence named by `seed`.
    pub fn new(seed: u64, corpus: &'a [Vec<u8>], words: &'a [&'a str]) -> Self {
        Self { state: seed, corpus, words, last: Vec::new() }
    }

    /// The next input: one of the corpus, or the last one again, changed in one to six places.
    pub fn next_input(&mut self) -> Vec<u8> {
        let keeps_going = !self.last.is_empty() && self.below(4) == 0;
        let mut input = match (keeps_going, self.below(self.corpus.len())) {
            (false, place) if !self.corpus.is_empty() => self.corpus[place].clone(),
            _ => std::mem::take(&mut self.last),
        };
        for _ in 0..=self.below(6) {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        self.last.clone_from(&input);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let place = self.below(input.len() + 1);
        let end = place + self.below((input.len() - place + 1).min(32));
        match self.below(10) {
            0 => input.insert(place, BYTES[self.below(BYTES.len())]),
            1 => drop(input.drain(place..end)),
            2 => {
                let copied = input[place..end].to_vec();
                let to = self.below(input.len() + 1);
                input.splice(to..to, copied);
            }
            3 => replace(input, place, place, NUMBERS[self.below(NUMBERS.len())].as_bytes()),
            4 => self.number(input),
            5 | 6 if !self.words.is_empty() => {
                let word = self.words[self.below(self.words.len())];
                let until = if self.below(2) == 0 { place } else { end };
                replace(input, place, until, word.as_bytes());
            }
            7 if !self.corpus.is_empty() => {
                let other = &self.corpus[self.below(self.corpus.len())];
                let from = self.below(other.len() + 1);
                input.truncate(place);
                input.extend_from_slice(&other[from..]);
            }
            _ => {
                if let Some(byte) = input.get_mut(place) {
                    *byte ^= 1 << self.below(8);
                }
            }
        }
    }

    /// Puts another number in the place of one that is there.
    fn number(&mut self, input: &mut Vec<u8>) {
        let is_digit = |byte: &u8| byte.is_ascii_digit();
        let from = self.below(input.len() + 1);
        let Some(start) = input[from..].iter().position(is_digit) else { return };
        let start = from + start;
        let length = input[start..].iter().take_while(|byte| is_digit(byte)).count();
        replace(input, start, start + length, NUMBERS[self.below(NUMBERS.len())].as_bytes());
    }

    /// Any number below `limit`, or 0.
    fn below(&mut self, limit: usize) -> usize {
        // SplitMix64.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from(mixed >> 33).unwrap_or_default().checked_rem(limit).unwrap_or_default()
    }
}

fn replace(input: &mut Vec<u8>, start: usize, end: usize, with: &[u8]) {
    input.splice(start..end, with.iter().copied());
}
