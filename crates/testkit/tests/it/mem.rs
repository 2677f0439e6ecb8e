//! Every case of the contract on [`MemStore`].

use testkit::{MemStore, Outcome, contract};

macro_rules! on_memory {
    ($suite:ident: $($case:ident),+ $(,)?) => {
        mod $suite {
            use super::{MemStore, Outcome, contract};

            $(
                #[tokio::test]
                async fn $case() -> Outcome {
                    contract::$suite::$case(&MemStore::default()).await
                }
            )+
        }
    };
}

testkit::every_case!(on_memory);
