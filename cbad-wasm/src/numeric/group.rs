//! Repeats of one incident: after an alarm only a clear escalation, or an alarm after quiet, is a new one.

use super::bytes::{Reader, Result, Writer};

/// Bits from which a point counts as an alarm for grouping.
pub(crate) const ALARM: f64 = 9.5;
/// Points without an alarm that end an incident.
const QUIET: u64 = 60;
/// Factor by which a later point must exceed the incident's worst so far.
const ESCALATION: f64 = 2.5;
/// A share of alarms below this is none: numbers near the smallest there are make arithmetic slow.
const NONE: f64 = 1e-200;

#[derive(Clone, Debug)]
pub(crate) struct Group {
    point: u64,
    last: Option<u64>,
    worst: f64,
    share: f64,
}

impl Group {
    pub fn new() -> Self {
        Group {
            point: 0,
            last: None,
            worst: 0.0,
            share: 0.0,
        }
    }

    /// The bits to report, and whether the point belongs to an incident already reported.
    pub fn push(&mut self, bits: f64) -> (f64, bool) {
        self.point = self.point.saturating_add(1);
        self.share += 0.02 * (f64::from(u8::from(bits >= ALARM)) - self.share);
        if self.share < NONE {
            self.share = 0.0;
        }
        if bits < ALARM {
            return (bits, false);
        }
        let quiet = self.last.is_none_or(|l| self.point - l > QUIET);
        self.last = Some(self.point);
        if quiet || bits > ESCALATION * self.worst {
            self.worst = if quiet { bits } else { self.worst.max(bits) };
            return (bits, false);
        }
        (0.5 * ALARM, true)
    }

    /// At least half of the newest fifty or so points were alarms.
    pub fn drifting(&self) -> bool {
        self.share > 0.5
    }

    pub fn write(&self, w: &mut Writer<'_>) {
        w.u64(self.point);
        w.u8(u8::from(self.last.is_some()));
        w.u64(self.last.unwrap_or(0));
        w.f64s(&[self.worst, self.share]);
    }

    pub fn read(r: &mut Reader<'_>) -> Result<Self> {
        let point = r.u64()?;
        let known = r.bool()?;
        let last = r.u64()?.min(point);
        let [worst, share] = r.f64s()?;
        Ok(Group {
            point,
            last: known.then_some(last),
            worst,
            share,
        })
    }
}
