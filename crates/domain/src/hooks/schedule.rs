use std::time::Duration;

use super::MessageId;

/// When a message is tried again.
///
/// Front-loaded: a code is worth something for minutes, and most troubles of a server are over
/// within one. The last attempt comes about a day after the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// All pauses in percent of their usual length; less is for tests.
    pub percent: u32,
}

/// Pauses between attempts, in seconds.
const PAUSES: [u64; 10] = [5, 15, 45, 120, 300, 900, 3_600, 10_800, 28_800, 43_200];
/// Pauses differ by a fifth either way, so that what failed together does not come back together.
const SPREAD_PER_MILLE: u64 = 200;
/// A server may ask for a longer pause, up to this.
const LONGEST_WISH: Duration = Duration::from_hours(1);

impl Schedule {
    /// The one of every day.
    pub const USUAL: Self = Self { percent: 100 };
    /// Attempts in total.
    pub const ATTEMPTS: usize = PAUSES.len() + 1;

    /// The pause after this many failed attempts of a round; nothing when they are used up.
    /// `wish` is what the server asked for.
    pub fn pause(
        &self,
        failed: u32,
        message: MessageId,
        wish: Option<Duration>,
    ) -> Option<Duration> {
        let index = usize::try_from(failed.checked_sub(1)?).ok()?;
        let seconds = PAUSES.get(index)?;
        let part = draw(message, failed) % (2 * SPREAD_PER_MILLE + 1);
        let per_mille = (1_000 - SPREAD_PER_MILLE).saturating_add(part);
        let millis =
            seconds.saturating_mul(per_mille).saturating_mul(u64::from(self.percent)) / 100;
        let own = Duration::from_millis(millis);
        Some(own.max(wish.unwrap_or_default().min(LONGEST_WISH)))
    }
}

/// A number that looks random and is the same for the same attempt: FNV-1a of its name.
fn draw(message: MessageId, failed: u32) -> u64 {
    let (high, low) = message.get().as_u64_pair();
    let bytes = [high.to_be_bytes(), low.to_be_bytes(), u64::from(failed).to_be_bytes()];
    bytes.as_flattened().iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn message(number: u128) -> MessageId {
        MessageId::new(Uuid::from_u128(number))
    }

    #[test]
    fn each_pause_is_within_a_fifth_of_its_usual_length() {
        for (failed, seconds) in (1..).zip(PAUSES) {
            let (mut least, mut most) = (Duration::MAX, Duration::ZERO);
            for number in 0..500 {
                let pause = Schedule::USUAL.pause(failed, message(number), None).unwrap();
                (least, most) = (least.min(pause), most.max(pause));
            }
            let usual = Duration::from_secs(seconds);
            assert!(least >= usual * 4 / 5 && least < usual * 9 / 10, "{failed}: {least:?}");
            assert!(most <= usual * 6 / 5 && most > usual * 11 / 10, "{failed}: {most:?}");
        }
    }

    #[test]
    fn eleven_attempts_span_a_day() {
        assert_eq!(Schedule::ATTEMPTS, 11);
        assert_eq!(Schedule::USUAL.pause(11, message(1), None), None);
        assert_eq!(Schedule::USUAL.pause(0, message(1), None), None);
        let all: Duration =
            (1..=10).filter_map(|n| Schedule::USUAL.pause(n, message(1), None)).sum();
        assert!((20..30).contains(&(all.as_secs() / 3_600)), "{all:?}");
    }

    #[test]
    fn a_wish_is_granted_within_bounds() {
        let wish = |seconds| Some(Duration::from_secs(seconds));
        let pause = |wish| Schedule::USUAL.pause(1, message(1), wish).unwrap().as_secs();
        assert!((4..=6).contains(&pause(wish(1))), "never sooner");
        assert_eq!(pause(wish(90)), 90);
        assert_eq!(pause(wish(100_000)), 3_600);
    }
}
