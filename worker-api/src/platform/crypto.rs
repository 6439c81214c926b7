//! Signatures: HMAC in Rust, public keys through the runtime's WebCrypto.

use crate::auth::jwt::Algorithm;
use hmac::{Hmac, Mac};
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use serde_json::Value;
use sha2::Sha256;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// HMAC SHA-256 (RFC 2104), compared in constant time.
pub fn verify_hs256(secret: &[u8], message: &[u8], signature: &[u8]) -> bool {
    Hmac::<Sha256>::new_from_slice(secret).is_ok_and(|mut mac| {
        mac.update(message);
        mac.verify_slice(signature).is_ok()
    })
}

/// Checks a signature against a JSON Web Key with the algorithm the key is for. Any failure is a "no".
pub async fn verify_jwk(
    jwk: &Value,
    algorithm: Algorithm,
    message: &[u8],
    signature: &[u8],
) -> bool {
    try_verify(jwk, algorithm, message, signature)
        .await
        .unwrap_or(false)
}

async fn try_verify(
    jwk: &Value,
    algorithm: Algorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, JsValue> {
    let subtle = Reflect::get(
        &Reflect::get(&js_sys::global(), &"crypto".into())?,
        &"subtle".into(),
    )?;
    let parameters = Object::new();
    match algorithm {
        Algorithm::Es256 => {
            set(&parameters, "name", "ECDSA")?;
            set(&parameters, "namedCurve", "P-256")?;
        }
        Algorithm::Rs256 => set(&parameters, "name", "RSASSA-PKCS1-v1_5")?,
        Algorithm::Hs256 => return Ok(false),
    }
    set(&parameters, "hash", "SHA-256")?;
    // only the members of a public key: `key_ops` and the like would be checked against our use
    let key = Object::new();
    for name in ["kty", "crv", "x", "y", "n", "e"] {
        if let Some(text) = jwk.get(name).and_then(Value::as_str) {
            set(&key, name, text)?;
        }
    }
    let usages = Array::of1(&"verify".into());
    let arguments = Array::of5(&"jwk".into(), &key, &parameters, &false.into(), &usages);
    let imported = call(&subtle, "importKey", &arguments).await?;
    let arguments = Array::of4(
        &parameters,
        &imported,
        &Uint8Array::from(signature),
        &Uint8Array::from(message),
    );
    Ok(call(&subtle, "verify", &arguments).await?.is_truthy())
}

fn set(target: &Object, name: &str, value: &str) -> Result<(), JsValue> {
    Reflect::set(target, &name.into(), &value.into()).map(|_| ())
}

async fn call(target: &JsValue, method: &str, arguments: &Array) -> Result<JsValue, JsValue> {
    let function: Function = Reflect::get(target, &method.into())?.dyn_into()?;
    let promise: Promise = function.apply(target, arguments)?.dyn_into()?;
    JsFuture::from(promise).await
}

#[cfg(test)]
mod tests {
    #[test]
    fn hmac_of_rfc_4231_case_2() {
        let mac: Vec<u8> = (0..64)
            .step_by(2)
            .map(|i| {
                u8::from_str_radix(
                    &"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"[i..i + 2],
                    16,
                )
                .expect("hex")
            })
            .collect();
        assert!(super::verify_hs256(
            b"Jefe",
            b"what do ya want for nothing?",
            &mac
        ));
        assert!(!super::verify_hs256(
            b"Jeff",
            b"what do ya want for nothing?",
            &mac
        ));
        assert!(!super::verify_hs256(
            b"Jefe",
            b"what do ya want for nothing?",
            &mac[..31]
        ));
    }
}
