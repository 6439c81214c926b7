//! Who made a change and from where, for the audit log.

use super::principal::{Caller, Identity, Principal};
use crate::http::Request;
use serde::Serialize;

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
