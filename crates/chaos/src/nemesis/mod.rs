//! Breaks things, by a plan that a seed repeats.

mod act;
mod lane;
mod perform;
mod plan;
mod profile;

pub(crate) use self::{
    act::Act,
    lane::{Nemesis, Until},
    perform::Hands,
    plan::Planner,
    profile::{Profile, names, profile},
};
