//! Plans, subscriptions and money. Stripe is told and asked through `platform::stripe`; what holds for an organisation stands in
//! `public.subscriptions` and `organizations.plan`.

pub mod account;
pub mod change;
pub mod checkout;
pub mod cycle;
pub mod duplicates;
pub mod events;
pub mod mailer;
pub mod mails;
pub mod meter;
mod meter_errors;
pub mod plans;
pub mod prices;
pub mod signature;
pub mod subscription;
pub mod webhook;
