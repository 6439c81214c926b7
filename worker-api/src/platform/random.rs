//! Randomness from the runtime's generator.

/// `N` random bytes; an error of ours where the runtime has none (it does inside every request).
pub fn bytes<const N: usize>() -> crate::error::Result<[u8; N]> {
    let mut out = [0u8; N];
    getrandom::fill(&mut out).map_err(crate::error::Error::internal)?;
    Ok(out)
}

/// 32 hexadecimal digits.
pub fn request_id() -> String {
    bytes::<16>()
        .map(|b| b.iter().map(|b| format!("{b:02x}")).collect())
        .unwrap_or_else(|_| "0".repeat(32))
}
