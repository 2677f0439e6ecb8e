//! The `sms_activate` protocol: one URL, an action parameter, one line of text or JSON back.

mod action;
mod activation;
mod book;
mod callback;
mod faults;
mod http;
mod lists;
mod params;
mod prices;
mod provider;
mod refusal;
mod settings;
mod view;

pub(crate) use action::Action;
pub(crate) use book::Autopilot;
pub(crate) use faults::FaultPlan;
pub(crate) use http::handle;
pub(crate) use provider::{Identity, Message, MessageError, Provider, Target};
pub(crate) use settings::SettingsUpdate;
