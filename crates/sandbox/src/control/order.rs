use serde::Deserialize;

use crate::catalog::mix;

/// In which order things leave that were kept back.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    #[default]
    OldestFirst,
    NewestFirst,
    /// As the seed has it.
    Shuffled,
}

impl Order {
    /// `ids`, which are given the oldest first, in this order.
    pub(super) fn arrange(self, seed: u64, mut ids: Vec<String>) -> Vec<String> {
        match self {
            Self::OldestFirst => ids,
            Self::NewestFirst => {
                ids.reverse();
                ids
            }
            Self::Shuffled => {
                let mut drawn: Vec<(u64, String)> =
                    (0..).zip(ids).map(|(place, id)| (mix(seed, place), id)).collect();
                drawn.sort_unstable();
                drawn.into_iter().map(|(_, id)| id).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Order;

    #[test]
    fn loses_nothing_and_depends_on_the_seed_only() {
        let ids: Vec<String> = (0..10).map(|id| id.to_string()).collect();
        let shuffled = Order::Shuffled.arrange(7, ids.clone());
        assert_ne!(shuffled, ids);
        assert_eq!(shuffled, Order::Shuffled.arrange(7, ids.clone()));
        let mut sorted = shuffled;
        sorted.sort();
        assert_eq!(sorted, ids);
    }
}
