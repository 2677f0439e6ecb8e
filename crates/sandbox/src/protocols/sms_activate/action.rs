use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What a caller can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    Balance,
    Countries,
    Services,
    Prices,
    NumbersStatus,
    Operators,
    Number,
    NumberV2,
    ExtraCost,
    Extra,
    SetStatus,
    Status,
    StatusV2,
    FullSms,
    ActiveActivations,
    History,
}

const NAMES: [(Action, &str); 16] = [
    (Action::Balance, "getBalance"),
    (Action::Countries, "getCountries"),
    (Action::Services, "getServicesList"),
    (Action::Prices, "getPrices"),
    (Action::NumbersStatus, "getNumbersStatus"),
    (Action::Operators, "getOperators"),
    (Action::Number, "getNumber"),
    (Action::NumberV2, "getNumberV2"),
    (Action::ExtraCost, "checkExtraActivation"),
    (Action::Extra, "getExtraActivation"),
    (Action::SetStatus, "setStatus"),
    (Action::Status, "getStatus"),
    (Action::StatusV2, "getStatusV2"),
    (Action::FullSms, "getFullSms"),
    (Action::ActiveActivations, "getActiveActivations"),
    (Action::History, "getHistory"),
];

impl Action {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known)| *known == name).map(|(action, _)| *action)
    }

    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|(action, _)| *action == self).map_or("", |(_, name)| name)
    }

    pub(crate) const fn is_purchase(self) -> bool {
        matches!(self, Self::Number | Self::NumberV2 | Self::Extra)
    }

    /// Whether it changes the provider's books.
    pub(crate) const fn commits(self) -> bool {
        self.is_purchase() || matches!(self, Self::SetStatus)
    }
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name).ok_or_else(|| de::Error::custom(format!("unknown action: {name}")))
    }
}
