//! Dealing with flags.

use domain::{
    fault::{Code, Fault},
    ids::TopupId,
    topups::{TopupFlag, TopupQueries, resolve::ResolveError},
};
use testkit::{Market, Outcome};
use uuid::Uuid;

#[tokio::test]
async fn takes_the_flag_off_and_keeps_who_did_it() -> Outcome {
    let market = Market::new().await?;
    let (topup, payment) = market.started(&market.bank, 50_000).await?;
    market.bank.receive(&payment, 60_000);
    market.learn(&market.bank, &payment, |_| {}).await?;
    assert_eq!(market.store.flagged(10).await?.len(), 1);
    let resolved = market.resolve_topup().execute(topup.id, " Ada ", "told the customer").await?;
    assert_eq!((resolved.flag, market.wallet().await?), (None, (60_000, 0)));
    assert_eq!(market.store.flagged(10).await?, []);
    let history = market.store.topup_history(topup.id).await?;
    let [kept] = history.resolutions.as_slice() else { return Err("one resolution".into()) };
    assert_eq!((kept.flag, kept.operator.as_str()), (TopupFlag::Over, "Ada"));
    // A second time there is nothing to deal with.
    let error = market.resolve_topup().execute(topup.id, "Ada", "again").await.unwrap_err();
    assert!(matches!(error, ResolveError::NoFlag));
    // New money is news, whatever was dealt with.
    market.bank.receive(&payment, 1_000);
    market.learn(&market.bank, &payment, |_| {}).await?;
    assert_eq!(market.topup(&topup).await?.flag, Some(TopupFlag::Over));
    Ok(())
}

#[tokio::test]
async fn asks_for_a_name_and_a_note() -> Outcome {
    let market = Market::new().await?;
    let (topup, _) = market.started(&market.bank, 50_000).await?;
    for (operator, note, code) in [
        ("", "note", Code::ValidationError),
        ("Ada", " ", Code::ValidationError),
        ("Ada", "note", Code::Conflict),
    ] {
        let error = market.resolve_topup().execute(topup.id, operator, note).await.unwrap_err();
        assert_eq!(error.code(), code);
    }
    let unknown = TopupId::new(Uuid::from_u128(99));
    let error = market.resolve_topup().execute(unknown, "Ada", "note").await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    Ok(())
}
