use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::form_urlencoded;

use super::{
    desk::DuitkuSettings,
    signature::{Algorithm, sign},
};
use crate::protocols::gateway::{Letter, Members, Shape};

const FOREIGN_KEY: &str = "duitku_key_of_somebody_else";

/// In which shape a callback reaches its receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Deliver {
    /// As it should be.
    #[default]
    Fresh,
    /// Not at all; the shop has to ask.
    None,
    /// The same bytes twice.
    Duplicate,
    /// Ten times the amount under the signature of the right one.
    Tampered,
    /// The opposite result, which the signature does not cover, so that it still fits.
    TamperedResult,
    /// Signed with a key of somebody else.
    WrongSecret,
    /// Signed with the last of the gateway's keys instead of the first.
    OldSecret,
    /// Signed with the algorithm that is not the agreed one.
    OtherAlgorithm,
    /// Without a signature.
    Unsigned,
    /// Something that is no signature in its place.
    BadSign,
}

impl Shape for Deliver {
    const FRESH: Self = Self::Fresh;

    fn copies(self) -> usize {
        match self {
            Self::None => 0,
            Self::Duplicate => 2,
            _ => 1,
        }
    }

    fn is_genuine(self) -> bool {
        matches!(self, Self::Fresh | Self::Duplicate | Self::OldSecret)
    }
}

pub(super) fn letter(how: Deliver, mut facts: Members, settings: &DuitkuSettings) -> Letter {
    let key = match how {
        Deliver::WrongSecret => Some(FOREIGN_KEY),
        Deliver::OldSecret => settings.keys.last().map(String::as_str),
        _ => settings.keys.first().map(String::as_str),
    };
    let algorithm = match (how, settings.algorithm) {
        (Deliver::OtherAlgorithm, Algorithm::Md5) => Algorithm::HmacSha256,
        (Deliver::OtherAlgorithm, Algorithm::HmacSha256) => Algorithm::Md5,
        (_, agreed) => agreed,
    };
    let covered = ["merchantCode", "amount", "merchantOrderId"].map(|name| text(&facts, name));
    let signature = sign(algorithm, key.unwrap_or_default(), &covered.each_ref().map(|it| &**it));
    match how {
        Deliver::Tampered => change(&mut facts, "amount", |amount| format!("{amount}0")),
        Deliver::TamperedResult => change(&mut facts, "resultCode", |result| {
            if result == "00" { "01" } else { "00" }.to_owned()
        }),
        _ => {}
    }
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in &facts {
        form.append_pair(name, &plain(value));
        // The vendor puts the signature behind the reference.
        if *name == "reference" && how != Deliver::Unsigned {
            let bad = (how == Deliver::BadSign).then_some("not a signature");
            form.append_pair("signature", bad.unwrap_or(&signature));
        }
    }
    let body = Bytes::from(form.finish());
    Letter { content_type: "application/x-www-form-urlencoded", body }
}

fn text(facts: &Members, name: &str) -> String {
    let fact = facts.iter().find(|(known, _)| *known == name);
    fact.map(|(_, value)| plain(value)).unwrap_or_default()
}

fn change(facts: &mut Members, name: &str, change: impl Fn(&str) -> String) {
    if let Some((_, value)) = facts.iter_mut().find(|(known, _)| *known == name) {
        *value = Value::String(change(&plain(value)));
    }
}

/// A value as a form carries it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
