//! Which Stripe price stands for which plan: `plan_price_map`, written by `scripts/stripe-setup`.

use super::plans::{self, Plan};
use crate::error::{Code, Error, Result};
use crate::platform::{Ctx, postgrest};
use serde::Deserialize;
use serde_json::Value;

/// One plan's ids in one environment of the Stripe account. After a change of price a plan has several: subscriptions keep theirs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Prices {
    /// The plan.
    pub plan: String,
    /// The price of the month.
    pub base_price: String,
    /// The tiered price of detections.
    pub metered_price: String,
    /// The billing meter.
    pub meter: String,
    /// What its events are called.
    pub event_name: String,
    /// The customer portal's configuration.
    pub portal_configuration: Option<String>,
    /// What the plan is sold at now.
    pub current: bool,
}

/// Every plan's ids that go with the configured key, those that are sold first.
pub async fn load(ctx: &Ctx) -> Result<Vec<Prices>> {
    let live = ctx
        .settings
        .stripe_secret_key
        .as_deref()
        .is_some_and(is_live);
    postgrest::as_service(ctx, "plan_price_map")
        .select("plan,base_price,metered_price,meter,event_name,portal_configuration,current")
        .eq("livemode", if live { "true" } else { "false" })
        .order("current.desc,plan")
        .rows()
        .await
}

/// The plan whose month a subscription pays for, at whatever price.
pub fn plan_of<'p>(subscription: &Value, prices: &'p [Prices]) -> Option<&'p Prices> {
    let items = subscription["items"]["data"].as_array()?;
    items.iter().find_map(|item| {
        let price = item["price"]["id"].as_str()?;
        prices.iter().find(|p| p.base_price == price)
    })
}

/// Whether a key (secret or restricted) is for real money.
fn is_live(key: &str) -> bool {
    key.starts_with("sk_live_") || key.starts_with("rk_live_")
}

/// A plan that can be bought here.
pub fn find<'p>(prices: &'p [Prices], plan: &str) -> Result<(&'static Plan, &'p Prices)> {
    let plan = plans::for_sale(plan).ok_or_else(|| {
        let names: Vec<&str> = plans::PLANS
            .iter()
            .filter(|p| p.is_for_sale())
            .map(|p| p.id)
            .collect();
        Error::new(Code::InvalidBody, "the plan is not for sale").field("plan", names.join(", "))
    })?;
    let prices = prices
        .iter()
        .find(|p| p.current && p.plan == plan.id)
        .ok_or_else(|| {
            Error::new(
                Code::DependencyUnavailable,
                "the plan has no price yet; run scripts/stripe-setup",
            )
        })?;
    Ok((plan, prices))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn growth(base: &str, current: bool) -> Prices {
        Prices {
            plan: "growth".into(),
            base_price: base.into(),
            metered_price: format!("{base}_m"),
            meter: "mtr_1".into(),
            event_name: "d".into(),
            portal_configuration: None,
            current,
        }
    }

    #[test]
    fn a_former_price_stands_for_its_plan_and_is_not_sold() {
        let prices = [growth("price_2025", false), growth("price_2026", true)];
        let subscription = json!({ "items": { "data": [{ "price": { "id": "price_2025" } }] } });
        let paid = plan_of(&subscription, &prices).expect("known");
        assert_eq!(
            (paid.plan.as_str(), paid.current),
            ("growth", false),
            "who subscribed at it keeps it"
        );
        let (_, sold) = find(&prices, "growth").expect("for sale");
        assert_eq!(sold.base_price, "price_2026");
        assert!(find(&prices[..1], "growth").is_err());
    }
}
