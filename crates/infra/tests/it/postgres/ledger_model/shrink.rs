use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngSeed, TestRunner},
};
use testkit::Outcome;

/// Steps of looking for a smaller case that fails as well.
const SHRINKS: u32 = 300;

/// What [`Config`] says where nobody asked for a number of cases.
const UNASKED: u32 = 256;

/// Tries cases until there are `cases` of them, or as many as `PROPTEST_CASES` says, or `budget`
/// is used up where it says nothing. Answers how many there were.
///
/// A failing case is made smaller and told together with the seed; `PROPTEST_RNG_SEED` starts
/// from one.
pub(super) async fn try_all<S>(
    strategy: S,
    (cases, budget): (u32, Duration),
    mut check: impl AsyncFnMut(&S::Value) -> Outcome,
) -> Outcome<u32>
where
    S: Strategy<Value: Debug>,
{
    let mut config = Config::default();
    let asked = config.cases != UNASKED;
    if config.rng_seed == RngSeed::Random {
        let now = std::time::UNIX_EPOCH.elapsed()?;
        config.rng_seed = RngSeed::Fixed(now.as_secs() ^ (u64::from(now.subsec_nanos()) << 16));
    }
    let seed = config.rng_seed;
    let mut runner = TestRunner::new(config.clone());
    let (mut tried, started) = (0, Instant::now());
    let more = |tried| {
        if asked { tried < config.cases } else { tried < cases && started.elapsed() < budget }
    };
    while more(tried) {
        let mut tree = strategy.new_tree(&mut runner).map_err(|reason| reason.to_string())?;
        let first = check(&tree.current()).await;
        if let Err(error) = first {
            let (least, error) = shrink(&mut tree, error, &mut check).await;
            eprintln!("{least:#?}");
            return Err(format!("seed {seed}, case {tried}: {error}").into());
        }
        tried += 1;
    }
    Ok(tried)
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

async fn shrink<T: ValueTree>(
    tree: &mut T,
    first: Cause,
    check: &mut impl AsyncFnMut(&T::Value) -> Outcome,
) -> (T::Value, Cause) {
    let (mut least, mut cause) = (tree.current(), first);
    let mut smaller = tree.simplify();
    for _ in 0..SHRINKS {
        if !smaller {
            break;
        }
        smaller = match check(&tree.current()).await {
            Ok(()) => tree.complicate(),
            Err(error) => {
                (least, cause) = (tree.current(), error);
                tree.simplify()
            }
        };
    }
    (least, cause)
}
