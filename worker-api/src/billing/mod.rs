//! Plans, subscriptions and money. Stripe is told and asked through `platform::stripe`; what holds for an organisation stands in
//! `public.subscriptions` and `organizations.plan`.

pub mod plans;
