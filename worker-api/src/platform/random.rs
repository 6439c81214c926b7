//! Randomness from the runtime's generator.

/// `N` random bytes; an error of ours where the runtime has none (it does inside every request).
pub fn bytes<const N: usize>() -> crate::error::Result<[u8; N]> {
    let mut out = [0u8; N];
    getrandom::fill(&mut out).map_err(crate::error::Error::internal)?;
    Ok(out)
}

/// `length` characters of `alphabet` (at most 256 of them), each equally likely.
pub fn text(length: usize, alphabet: &[u8]) -> crate::error::Result<String> {
    // bytes beyond the last whole multiple are thrown away, so that no character comes more often
    let limit = 256 - 256 % alphabet.len().clamp(1, 256);
    let mut out = String::with_capacity(length);
    while out.len() < length {
        for byte in bytes::<64>()? {
            let byte = usize::from(byte);
            if byte < limit
                && out.len() < length
                && let Some(&c) = alphabet.get(byte % alphabet.len())
            {
                out.push(char::from(c));
            }
        }
    }
    Ok(out)
}

/// 32 hexadecimal digits.
pub fn request_id() -> String {
    bytes::<16>()
        .map(|b| crate::auth::api_key::hex(&b))
        .unwrap_or_else(|_| "0".repeat(32))
}
