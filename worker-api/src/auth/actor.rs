//! Who made a change and from where, for the audit log.

use super::principal::{Caller, Identity, Principal};
use crate::http::Request;
use serde::Serialize;
use std::net::Ipv6Addr;

/// Goes with every changing call to the database.
#[derive(Clone, Debug, Serialize)]
pub struct Actor {
    r#type: &'static str,
    id: String,
    name: Option<String>,
    address: Option<String>,
    request_id: String,
}

impl Actor {
    fn new(r#type: &'static str, id: String, name: Option<String>, request: &Request) -> Self {
        Self {
            r#type,
            id,
            name,
            address: address(request).map(str::to_owned),
            request_id: request.request_id.clone(),
        }
    }

    /// The caller of a request.
    pub fn of(principal: &Principal, request: &Request) -> Self {
        match &principal.caller {
            Caller::Key(key) => Self::new("key", key.id.clone(), None, request),
            Caller::Person { user_id, email, .. } => Self::person(*user_id, email, request),
        }
    }

    /// A person outside any organisation.
    pub fn identity(identity: &Identity, request: &Request) -> Self {
        Self::person(identity.user_id, &identity.email, request)
    }

    /// A person known by a mailed token.
    pub fn person(user_id: uuid::Uuid, email: &str, request: &Request) -> Self {
        Self::new(
            "person",
            user_id.to_string(),
            Some(email.to_owned()),
            request,
        )
    }

    /// Somebody who may have no account yet, known by a mailed token.
    pub fn invited(email: &str, request: &Request) -> Self {
        Self::new("person", email.to_owned(), Some(email.to_owned()), request)
    }
}

/// The caller's network address as Cloudflare states it; a client cannot set it there.
pub fn address(request: &Request) -> Option<&str> {
    request.header("cf-connecting-ip")
}

/// What limits count as one address: of IPv6 the first 64 bits, since a single customer holds all the rest.
pub fn network(request: &Request) -> Option<String> {
    address(request).map(network_of)
}

fn network_of(address: &str) -> String {
    match address.parse::<Ipv6Addr>() {
        Ok(v6) => {
            if let Some(v4) = v6.to_ipv4_mapped() {
                return v4.to_string();
            }
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::network_of;

    #[test]
    fn a_whole_ipv6_network_is_one_address() {
        assert_eq!(
            network_of("2001:db8:1:2:3:4:5:6"),
            network_of("2001:db8:1:2::9")
        );
        assert_ne!(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:3::1"));
        assert_eq!(network_of("192.0.2.1"), "192.0.2.1");
        assert_eq!(network_of("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
