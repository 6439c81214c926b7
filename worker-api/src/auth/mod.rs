//! Who is calling: API keys and people, each with exactly one organisation.

pub mod actor;
pub mod api_key;
pub mod jwks;
pub mod jwt;
pub mod key_object;
pub mod limits;
pub mod principal;
pub mod wrong;
