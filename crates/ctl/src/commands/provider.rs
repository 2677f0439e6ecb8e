use domain::{
    ledger::treasury::Decision,
    money::Amount,
    providers::{NewProvider, ProviderRecord},
};
use serde_json::{Value, json};

use super::{
    Desk, read_secret,
    word::{refused, word},
};
use crate::{
    Answer, Failure,
    cli::{AddProvider, Provider},
};

/// Runs `provider …`.
pub async fn provider(desk: &Desk, command: &Provider) -> Result<Answer, Failure> {
    match command {
        Provider::Add(provider) => add(desk, provider).await,
        Provider::List => list(desk).await,
        Provider::Enable { code } => {
            let known = desk.directory.set_enabled(code, true).await?;
            changed(known, code, json!({ "code": code, "enabled": true }), "is bought from again")
        }
        Provider::Disable { code } => {
            let known = desk.directory.set_enabled(code, false).await?;
            let now = "is not bought from any more; its running numbers go on";
            changed(known, code, json!({ "code": code, "enabled": false }), now)
        }
        Provider::Fund { code, amount, reference, word } => {
            let decision = word.decision(reference)?;
            fund(desk, code, *amount, &decision).await
        }
        Provider::SetUrl { code, base_url } => {
            let known = desk.directory.set_url(code, base_url).await?;
            let json = json!({ "code": code, "base_url": base_url });
            changed(known, code, json, &format!("is called at {base_url}"))
        }
    }
}

async fn add(desk: &Desk, new: &AddProvider) -> Result<Answer, Failure> {
    let api_key = match (&new.key.api_key, &new.key.api_key_file) {
        (Some(key), _) => key.clone(),
        (None, Some(path)) => read_secret(path)?,
        (None, None) => String::new(),
    };
    if api_key.trim().is_empty() {
        return Err(Failure::usage(anyhow::anyhow!("the key of the provider is empty")));
    }
    let provider = NewProvider {
        code: new.code.clone(),
        protocol: new.protocol,
        base_url: new.base_url.clone(),
        api_key,
        priority: new.priority,
        trusts_callbacks: new.trust_callbacks,
    };
    let Some((record, secret)) = desk.directory.add(&provider).await? else {
        return Err(Failure::conflict(format_args!(
            "there is a provider {} already; see `ctl provider list`",
            new.code
        )));
    };
    let place = callback(desk, &secret);
    let answer = Answer::say(body(&record, &place), format_args!("provider {} added", record.code));
    Ok(answer
        .and(format_args!("enter this callback address at the provider: {}", place.shown()))
        .and("then read its price list: ctl catalog sync"))
}

async fn fund(
    desk: &Desk,
    code: &str,
    amount: Amount,
    decision: &Decision,
) -> Result<Answer, Failure> {
    let known = desk.directory.list().await?.into_iter().find(|record| record.code == code);
    let unknown = || Failure::conflict(format_args!("there is no provider {code}"));
    let provider = known.ok_or_else(unknown)?.id;
    let posted = desk
        .treasury()
        .fund(provider, amount, decision)
        .await
        .map_err(|error| refused(error, format!("funding of {code} not booked")))?;
    let json = json!({ "code": code, "posted": word(posted) });
    let reference = &decision.reference;
    Ok(Answer::say(json, format_args!("transfer {reference} to {code}: {}", word(posted))))
}

async fn list(desk: &Desk) -> Result<Answer, Failure> {
    let mut bodies = Vec::new();
    let mut rows = Vec::new();
    for record in desk.directory.list().await? {
        let secret = desk.directory.callback_secret(record.id).await?.unwrap_or_default();
        let place = callback(desk, &secret);
        bodies.push(body(&record, &place));
        rows.push([
            record.code,
            record.protocol.as_str().to_owned(),
            record.priority.to_string(),
            if record.enabled { "yes" } else { "no" }.to_owned(),
            if record.trusts_callbacks { "yes" } else { "no" }.to_owned(),
            record.base_url,
            place.shown(),
        ]);
    }
    let header =
        ["code", "protocol", "priority", "enabled", "trusted", "base url", "callback address"];
    Ok(Answer::rows(Value::Array(bodies), header, rows))
}

fn changed(known: bool, code: &str, json: Value, now: &str) -> Result<Answer, Failure> {
    if known {
        return Ok(Answer::say(json, format_args!("provider {code} {now}")));
    }
    Err(Failure::conflict(format_args!("there is no provider {code}; see `ctl provider list`")))
}

/// Where a provider reports its messages.
struct Callback {
    path: String,
    url: Option<String>,
}

impl Callback {
    fn shown(&self) -> String {
        let path = &self.path;
        self.url
            .clone()
            .unwrap_or_else(|| format!("{path} (set ingest.public_url to see it whole)"))
    }
}

fn callback(desk: &Desk, secret: &str) -> Callback {
    let path = format!("/sms/{secret}");
    let url = desk.public_url.as_ref().map(|base| format!("{base}{path}"));
    Callback { path, url }
}

fn body(record: &ProviderRecord, callback: &Callback) -> Value {
    json!({
        "id": record.id.get(),
        "code": record.code,
        "protocol": record.protocol.as_str(),
        "base_url": record.base_url,
        "priority": record.priority,
        "enabled": record.enabled,
        "trusts_callbacks": record.trusts_callbacks,
        "callback_path": callback.path,
        "callback_url": callback.url,
    })
}
