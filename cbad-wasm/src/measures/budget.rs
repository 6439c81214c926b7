//! The events of both sides in one pool, dealt into two texts of about equal length.

/// Events of a baseline and a window, and the two texts of the current arrangement.
pub(super) struct Pool<'a> {
    events: Vec<&'a [u8]>,
    max_bytes: usize,
    /// Text of the baseline side: its chosen events, a newline after each.
    pub baseline: Vec<u8>,
    /// Text of the window side.
    pub window: Vec<u8>,
    /// Events in `baseline`.
    pub events_baseline: usize,
    /// Events in `window`.
    pub events_window: usize,
}

impl<'a> Pool<'a> {
    /// Baseline events take the first indices, window events the following ones; neither text gets much longer than
    /// `max_bytes`.
    pub fn new(baseline: &[&'a [u8]], window: &[&'a [u8]], max_bytes: usize) -> Self {
        Self {
            max_bytes,
            events: baseline.iter().chain(window).copied().collect(),
            baseline: Vec::new(),
            window: Vec::new(),
            events_baseline: 0,
            events_window: 0,
        }
    }

    /// Deals these events (ascending indices) to the sides, cutting the longer side to about the length of the shorter, and
    /// both to about `max_bytes`.
    pub fn select(&mut self, baseline: &[usize], window: &[usize]) {
        let budget = self
            .length(baseline)
            .min(self.length(window))
            .min(self.max_bytes);
        let (events, most) = (&self.events, self.max_bytes);
        self.events_baseline = take(events, baseline, budget, most, &mut self.baseline);
        self.events_window = take(events, window, budget, most, &mut self.window);
    }

    /// Baseline, then window.
    pub fn combined(&self) -> Vec<u8> {
        [self.baseline.as_slice(), self.window.as_slice()].concat()
    }

    fn length(&self, indices: &[usize]) -> usize {
        indices
            .iter()
            .filter_map(|&i| self.events.get(i))
            .map(|event| event.len() + 1)
            .sum()
    }
}

/// Writes events evenly spread over `indices` until `budget` bytes are reached as nearly as whole events allow (of the first event
/// up to `most` bytes where no budget would take any); says how many.
fn take(
    events: &[&[u8]],
    indices: &[usize],
    budget: usize,
    most: usize,
    text: &mut Vec<u8>,
) -> usize {
    text.clear();
    let chosen = || indices.iter().filter_map(|&i| events.get(i));
    let total: usize = chosen().map(|event| event.len() + 1).sum();
    let (mut seen, mut taken) = (0usize, 0usize);
    for event in chosen() {
        let length = event.len() + 1;
        seen += length;
        // what an even spread would have taken by now; u128: a product of two lengths
        let due = (seen as u128 * budget as u128 / total.max(1) as u128) as usize;
        if text.len() + length.div_ceil(2) <= due {
            text.extend_from_slice(event);
            text.push(b'\n');
            taken += 1;
        }
    }
    if taken == 0
        && let Some(event) = chosen().next()
    {
        // a long event alone would be compressed whole in every permutation
        text.extend_from_slice(&event[..event.len().min(most.saturating_sub(1))]);
        text.push(b'\n');
        taken = 1;
    }
    taken
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_side_is_cut_evenly() {
        let events: Vec<String> = (0..450).map(|i| format!("event number {i:03}")).collect();
        let bytes: Vec<&[u8]> = events.iter().map(|e| e.as_bytes()).collect();
        let mut pool = Pool::new(&bytes[..400], &bytes[400..], usize::MAX);
        let all: Vec<usize> = (0..450).collect();
        pool.select(&all[..400], &all[400..]);
        assert_eq!((pool.events_baseline, pool.events_window), (50, 50));
        assert_eq!(pool.baseline.len(), pool.window.len());
        let text = String::from_utf8(pool.baseline).unwrap();
        assert!(
            text.contains("00") && text.contains("39"),
            "spread over the whole baseline: {text}"
        );
    }

    #[test]
    fn both_sides_keep_to_the_cap() {
        let events: Vec<[u8; 99]> = (0..400).map(|i| [i as u8; 99]).collect();
        let bytes: Vec<&[u8]> = events.iter().map(|e| e.as_slice()).collect();
        let mut pool = Pool::new(&bytes[..200], &bytes[200..], 5_000);
        let all: Vec<usize> = (0..400).collect();
        pool.select(&all[..200], &all[200..]);
        assert_eq!((pool.baseline.len(), pool.window.len()), (5_000, 5_000));
    }

    #[test]
    fn one_huge_event_keeps_to_the_cap() {
        let (huge, small) = (vec![b'x'; 1 << 20], [b'y'; 50]);
        let mut events: Vec<&[u8]> = vec![&small; 400];
        events.push(&huge);
        let mut pool = Pool::new(&events[..400], &events[400..], 5_000);
        let all: Vec<usize> = (0..401).collect();
        pool.select(&all[..400], &all[400..]);
        assert_eq!(pool.events_window, 1);
        assert!(pool.window.len() <= 5_000 && pool.baseline.len() <= 5_050);
    }

    #[test]
    fn a_side_never_loses_all_its_events() {
        let (long, short) = ([b'x'; 1000], [b'y'; 3]);
        let mut pool = Pool::new(&[&long], &[&short], usize::MAX);
        pool.select(&[0], &[1]);
        assert_eq!((pool.events_baseline, pool.events_window), (1, 1));
    }
}
