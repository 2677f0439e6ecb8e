//! Endpoints of customers, and what they are sent.

mod queries;
mod repo;
mod rows;
