//! Lists that are read only as far as they came.

use std::fmt;

use serde::{
    Deserialize, Deserializer as _,
    de::{SeqAccess, Visitor},
};
use serde_json::Deserializer;

/// The elements that are complete in `body`, the start of a JSON list; nothing when it is something
/// else, or one of them is.
pub(super) fn start<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Option<Vec<T>> {
    let mut items = Vec::new();
    let mut reader = Deserializer::from_slice(body);
    match reader.deserialize_seq(Items(&mut items)).and_then(|()| reader.end()) {
        Ok(()) => Some(items),
        Err(error) if error.is_eof() && !body.is_empty() => Some(items),
        Err(_) => None,
    }
}

struct Items<'a, T>(&'a mut Vec<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(item) = list.next_element()? {
            self.0.push(item);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::start;

    #[test]
    fn a_complete_list_is_read_to_its_end() {
        assert_eq!(start::<u8>(b"[]"), Some(vec![]));
        assert_eq!(start::<u8>(b" [1, 2,3] "), Some(vec![1, 2, 3]));
    }

    #[test]
    fn of_a_cut_list_the_complete_elements_are_read() {
        let list = br#"[{"a":"x"},{"a":"\u00e4y"},{"a":"z"}]"#;
        let read = |end: usize| {
            let maps = start::<std::collections::BTreeMap<String, String>>(&list[..end]);
            maps.map(|maps| maps.len())
        };
        assert_eq!(read(0), None);
        for end in 1..=list.len() {
            let expected = list[..end].split(|byte| *byte == b'}').count() - 1;
            assert_eq!(read(end), Some(expected), "{end}");
        }
    }

    #[test]
    fn what_is_no_list_is_not_read() {
        for body in ["", "{}", "1", "[1,]", "[1 2]", "[1]x", "[\"a\"]", "[1,{}]", "<html>"] {
            assert_eq!(start::<u8>(body.as_bytes()), None, "{body}");
        }
    }
}
