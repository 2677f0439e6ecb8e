//! What a token is good for, from where, and until when.

use std::time::Duration;

use api_server::{Published, published};
use axum::{body::Body, http::Method};
use chrono::TimeDelta;
use domain::{
    identity::{IpRange, MintedToken, Mode, Scope, Scopes, TokenQueries as _, TokenTerms},
    time::Clock as _,
};

use crate::support::{Api, request};

impl Api {
    async fn issue(&self, terms: TokenTerms) -> MintedToken {
        let issue = self.market.issue_token();
        issue.execute_on(self.market.user, "other", (Mode::Live, terms)).await.unwrap()
    }

    async fn revoke(&self, minted: &MintedToken) {
        let tokens = self.market.store.tokens(self.market.user).await.unwrap();
        let token = tokens.iter().find(|token| token.hash == minted.hash).unwrap().id;
        self.market.revoke_token().execute(token).await.unwrap();
    }
}

/// Each route, with a token for everything but it and a token for nothing else.
#[tokio::test]
async fn a_token_opens_what_its_scopes_say_and_nothing_else() {
    let api = Api::new().await;
    for scope in Scope::ALL {
        let only = TokenTerms { scopes: Scopes::from_iter([scope]), ..TokenTerms::default() };
        let token = api.issue(only).await.secret;
        for route in published() {
            let Published { method, path, scope: asked } = route;
            if path.ends_with("/stream") {
                continue;
            }
            let path = path.replace("{id}", "1");
            let body = if method == Method::GET { Body::empty() } else { Body::from("{") };
            let request = request(method.as_str(), &path, &token).body(body).unwrap();
            let answer = api.send(request).await;
            let is_refused = answer.status == 403 && answer.code() == "FORBIDDEN";
            assert_eq!(is_refused, asked != scope, "{scope}: {method} {path}: {}", answer.body);
            if is_refused {
                let message = answer.json()["error"]["message"].clone();
                assert_eq!(message, format!("This token lacks the scope {asked}"));
            }
        }
    }
}

#[tokio::test]
async fn a_token_is_good_at_the_addresses_on_its_list() {
    let api = Api::new().await;
    let ranges = ["192.0.2.0/28", "2001:db8::/64"];
    let allowed_ips = ranges.iter().map(|text| IpRange::parse(text).unwrap()).collect();
    let token = api.issue(TokenTerms { allowed_ips, ..TokenTerms::default() }).await.secret;
    for (forwarded, status) in [
        (Some("192.0.2.1"), 200),
        (Some("10.0.0.1, 192.0.2.15"), 200),
        (Some("2001:db8::5"), 200),
        // What the caller wrote itself stands before what the proxy wrote.
        (Some("192.0.2.1, 192.0.2.16"), 403),
        (Some("2001:db8:0:1::5"), 403),
        (Some("unknown"), 403),
        (None, 403),
    ] {
        let mut request = request("GET", "/v1/balance", &token);
        if let Some(forwarded) = forwarded {
            request = request.header("x-forwarded-for", forwarded);
        }
        let answer = api.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, status, "{forwarded:?}");
    }
}

#[tokio::test]
async fn an_expired_token_is_no_token_any_more() {
    let api = Api::new().await;
    let expires_at = Some(api.market.clock.now() + TimeDelta::seconds(60));
    let token = api.issue(TokenTerms { expires_at, ..TokenTerms::default() }).await.secret;
    api.market.clock.advance_seconds(59);
    assert_eq!(api.get_as(&token, "/v1/balance").await.status, 200);
    api.market.clock.advance_seconds(1);
    assert_eq!(api.get_as(&token, "/v1/balance").await.code(), "UNAUTHORIZED");
}

#[tokio::test]
async fn a_revoked_token_is_refused_as_soon_as_it_is_heard_of() {
    let api = Api::new().await;
    let minted = api.issue(TokenTerms::default()).await;
    assert_eq!(api.get_as(&minted.secret, "/v1/balance").await.status, 200);
    api.revoke(&minted).await;
    assert_eq!(api.get_as(&minted.secret, "/v1/balance").await.status, 200, "remembered");
    api.callers.end(minted.hash);
    assert_eq!(api.get_as(&minted.secret, "/v1/balance").await.code(), "UNAUTHORIZED");
    assert_eq!(api.get("/v1/balance").await.status, 200, "others are not concerned");
}

#[tokio::test]
async fn after_a_gap_in_the_news_every_token_is_looked_up_again() {
    let api = Api::new().await;
    let minted = api.issue(TokenTerms::default()).await;
    assert_eq!(api.get_as(&minted.secret, "/v1/balance").await.status, 200);
    api.revoke(&minted).await;
    api.callers.forget_all();
    assert_eq!(api.get_as(&minted.secret, "/v1/balance").await.code(), "UNAUTHORIZED");
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_at_once_when_its_token_is_revoked() {
    let api = Api::new().await;
    let minted = api.issue(TokenTerms::default()).await;
    let mut own = api.stream(None).await;
    own.take(1).await;
    let mut revoked = api.stream_as(&minted.secret).await;
    revoked.take(1).await;
    api.revoke(&minted).await;
    api.callers.end(minted.hash);
    let started = tokio::time::Instant::now();
    assert_eq!(revoked.next().await, None);
    assert_eq!(started.elapsed(), Duration::ZERO);
    assert!(own.is_quiet(Duration::from_secs(5)).await, "others go on");
}
