use std::time::{Duration, Instant};

use fuzz::{Mutator, TARGETS, Target};

use crate::corpus::inputs;

/// Changes tried of each corpus; some seconds in all. libFuzzer tries far more.
const TRIALS: usize = 2_000;
/// Where the sequence of changes begins.
const SEED: u64 = 20_261_120;

/// Shows the input when the target panics.
struct Shown<'a>(&'static str, &'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{} on b\"{}\"", self.0, self.1.escape_ascii());
        }
    }
}

fn run(target: &Target, input: &[u8]) {
    let shown = Shown(target.name, input);
    (target.run)(input);
    drop(shown);
}

fn try_changes(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let corpus = inputs(name);
    run(target, b"");
    for input in &corpus {
        run(target, input);
    }
    let mut mutator = Mutator::new(SEED, &corpus, target.words);
    for _ in 0..TRIALS {
        run(target, &mutator.next_input());
    }
}

macro_rules! trials {
    ($($name:ident),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                try_changes(stringify!($name));
            }
        )+

        #[test]
        fn every_target_is_tried() {
            let tried = [$(stringify!($name)),+];
            assert_eq!(tried.as_slice(), TARGETS.map(|target| target.name));
        }
    };
}

trials!(
    btcpay, caller, config, duitku, heleket, hook, names, otp, payments, provider, request, sealed,
    sms, stripe, sums, token,
);

/// A message that is long and full of codes and hints takes no longer than its length explains:
/// with every code compared with every hint, these take minutes.
#[test]
fn a_long_message_takes_time_in_proportion() {
    for part in ["kod 1234 ", "code", "123 ", "1234-", "G-1", "\u{130}1"] {
        let message = part.repeat((1 << 20) / part.len());
        let began = Instant::now();
        let _ = domain::inbox::otp::recognise(&message);
        assert!(began.elapsed() < Duration::from_secs(20), "{part:?} took {:?}", began.elapsed());
    }
}
