//! Positions in a request, as runs: what is sent again is mostly sent again whole, and answers are kept for retries.

use serde::{Deserialize, Serialize};

/// First and last position of each run, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Runs(Vec<(u32, u32)>);

impl Runs {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the position after those that are there.
    pub fn push(&mut self, at: u32) {
        match self.0.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(at) => *last = at,
            _ => self.0.push((at, at)),
        }
    }

    /// Adds another part's.
    pub fn extend(&mut self, other: Runs) {
        self.0.extend(other.0);
    }

    /// Every position.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().flat_map(|&(first, last)| first..=last)
    }
}

#[cfg(test)]
mod tests {
    use super::Runs;

    #[test]
    fn positions_come_back() {
        let mut runs = Runs::default();
        assert!(runs.is_empty());
        for at in [3, 4, 5, 9, u32::MAX] {
            runs.push(at);
        }
        let mut other = Runs::default();
        other.push(1);
        runs.extend(other);
        assert_eq!(
            serde_json::to_string(&runs).expect("JSON"),
            "[[3,5],[9,9],[4294967295,4294967295],[1,1]]"
        );
        assert_eq!(runs.iter().collect::<Vec<_>>(), [3, 4, 5, 9, u32::MAX, 1]);
    }
}
