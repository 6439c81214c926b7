//! What an anomaly is compared with: the newest events as its window, and those before them as the baseline.

/// Newest events, the anomalous one included, that make the window.
const WINDOW_EVENTS: usize = 16;
/// Bytes of a window.
const WINDOW_BYTES: usize = 8 << 10;
/// Bytes of a baseline.
const BASELINE_BYTES: usize = 16 << 10;

/// Splits the newest normal events, oldest first, and the `event` after them into baseline and window, each within its byte
/// budget, keeping the newest of each.
pub fn newest<'r: 'e, 'e>(
    recent: impl Iterator<Item = &'r str>,
    event: &'e str,
) -> (Vec<&'e str>, Vec<&'e str>) {
    let mut all: Vec<&'e str> = recent.map(|e| -> &'e str { e }).collect();
    if all.last() != Some(&event) {
        all.push(event);
    }
    let (older, newest) = all.split_at(all.len().saturating_sub(WINDOW_EVENTS));
    (within(older, BASELINE_BYTES), within(newest, WINDOW_BYTES))
}

fn within<'e>(events: &[&'e str], budget: usize) -> Vec<&'e str> {
    let mut used = 0;
    let kept = events.iter().rev().take_while(|e| {
        used += e.len();
        used <= budget
    });
    let mut kept: Vec<&str> = kept.copied().collect();
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_keep_the_newest_within_their_budget() {
        let events: Vec<String> = (0..40).map(|i| format!("event {i}")).collect();
        let (baseline, window) = newest(events.iter().map(String::as_str), "event 39");
        assert_eq!((baseline.len(), window.len()), (24, 16));
        assert_eq!((baseline[23], window[15]), ("event 23", "event 39"));
        let big = "x".repeat(BASELINE_BYTES);
        let (baseline, window) = newest([big.as_str(); 30].into_iter(), "odd");
        assert_eq!((baseline.len(), window.len()), (1, 1));
    }
}
