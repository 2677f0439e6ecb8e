use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// How a wire behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    Clear,
    /// Every piece comes that many milliseconds late.
    Late(u64),
    /// That many bytes a second.
    Slow(u64),
    /// Nothing comes through; what was sent arrives when it clears up.
    Dark,
    /// Connections are reset as soon as they are made; old ones live on.
    Refusing,
}

/// What all connections of a wire look at. They are numbered in the order of their making.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weather {
    pub(super) mode: Mode,
    /// Connections below this number are reset.
    pub(super) cut_below: u64,
    /// Connections below this number hear nothing any more, and nobody tells them.
    pub(super) deaf_below: u64,
}

impl Weather {
    pub(super) const FINE: Self = Self { mode: Mode::Clear, cut_below: 0, deaf_below: 0 };
}

/// A connection that is to be reset.
#[derive(Debug)]
pub(super) struct Cut;

/// One connection's view of the weather.
#[derive(Clone)]
pub(super) struct View {
    pub(super) number: u64,
    pub(super) weather: watch::Receiver<Weather>,
}

impl View {
    pub(super) fn mode(&self) -> Mode {
        self.weather.borrow().mode
    }

    pub(super) fn is_deaf(&self) -> bool {
        self.weather.borrow().deaf_below > self.number
    }

    /// Ends when the connection is to be reset.
    pub(super) async fn cut(&self) {
        let (mut weather, number) = (self.weather.clone(), self.number);
        // The wire itself is gone when nobody changes the weather any more.
        let _ = weather.wait_for(|now| now.cut_below > number).await;
    }

    /// Waits while nothing comes through.
    pub(super) async fn light(&self) -> Result<(), Cut> {
        let (mut weather, number) = (self.weather.clone(), self.number);
        let now = weather
            .wait_for(|now| {
                now.mode != Mode::Dark || now.cut_below > number || now.deaf_below > number
            })
            .await
            .map_err(|_| Cut)?;
        if now.cut_below > number { Err(Cut) } else { Ok(()) }
    }
}
