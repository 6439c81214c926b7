//! When batches are worth writing together. What a write costs is mostly its transaction, whose size hardly matters: where batches come one
//! after another, those that the runtime has at hand share one. Each is answered when it is written.

/// Batches that come no further apart may meet.
const CLOSE_MS: i64 = 5;
/// After one that met no other, so many are written by themselves.
const ALONE: u32 = 5;

/// How the batches of a stream came lately.
#[derive(Debug, Default)]
pub struct Gathering {
    latest_ms: i64,
    members: u32,
    alone: u32,
    /// Whether what waited went with the engine.
    is_lost: bool,
}

impl Gathering {
    /// Notes a batch, and says whether others may come before it has to be written.
    pub fn comes(&mut self, now_ms: i64) -> bool {
        let is_close = (now_ms - self.latest_ms).abs() <= CLOSE_MS;
        self.latest_ms = now_ms;
        if self.alone > 0 {
            self.alone -= 1;
            return false;
        }
        is_close
    }

    /// Notes that a batch waits for others.
    pub fn waits(&mut self) {
        self.members += 1;
    }

    /// Whether batches wait.
    pub fn is_waiting(&self) -> bool {
        self.members > 0
    }

    /// Notes that what waits can never be written; says whether anything does.
    pub fn lose(&mut self) -> bool {
        self.is_lost |= self.is_waiting();
        self.is_waiting()
    }

    /// Whether what waits can never be written.
    pub fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Notes that all that waited are written.
    pub fn written(&mut self) {
        if self.members == 1 {
            self.alone = ALONE;
        }
        self.members = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_wait_where_they_come_close_together_and_meet() {
        let mut gathering = Gathering::default();
        assert!(!gathering.comes(1_000), "the first");
        assert!(!gathering.comes(1_000 + CLOSE_MS + 1), "a while later");
        for i in 0..100 {
            assert!(gathering.comes(1_010 + i));
            gathering.waits();
            assert!(gathering.comes(1_010 + i));
            gathering.waits();
            gathering.written();
        }
        assert!(gathering.comes(1_110));
        gathering.waits();
        gathering.written();
        for _ in 0..ALONE {
            assert!(!gathering.comes(1_110), "the last met no other");
        }
        assert!(gathering.comes(1_110), "it may be different now");
        assert!(!gathering.lose() && !gathering.is_lost(), "nothing waits");
        gathering.waits();
        assert!(gathering.is_waiting() && gathering.lose() && gathering.is_lost());
    }
}
