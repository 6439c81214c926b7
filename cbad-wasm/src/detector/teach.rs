//! Teaching: an event that somebody said is expected raises no alarm any more.

use super::Detector;
use crate::event::{Event, Kind};
use crate::features::Features;
use crate::hash::mix;
use crate::numeric::Moment;
use crate::taught::TeachError;

impl Detector {
    /// Counts an event as expected under the caller's `id`; the same id again changes nothing.
    ///
    /// # Errors
    /// A [`TeachError`] where there is no more room, or for a metric's numbers.
    pub fn teach(&mut self, id: u64, event: &Event<'_>) -> Result<(), TeachError> {
        if self.taught.contains(id) {
            return Ok(());
        }
        if event.kind == Kind::Metric && self.is_numeric(event) {
            return Err(TeachError::Numbers);
        }
        let mut features = Features::default();
        features.extract(event);
        self.taught.add(id, crate::model::keys(&features))?;
        self.note(mix(id, 1)); // teaching changes the state, so it changes the state's hash
        Ok(())
    }

    /// Takes back what [`Detector::teach`] gave, exactly; what was learnt since stays. `false` if `id` is not taught.
    pub fn unteach(&mut self, id: u64) -> bool {
        let known = self.taught.remove(id);
        if known {
            self.note(mix(id, 2));
        }
        known
    }

    /// Whether the event named `id` counts as expected.
    pub fn is_taught(&self, id: u64) -> bool {
        self.taught.contains(id)
    }

    /// Whether an event of kind metric is read as numbers; tried on a copy.
    fn is_numeric(&self, event: &Event<'_>) -> bool {
        let mut copy = self.clone();
        let now = Moment {
            index: copy.events,
            seed: copy.config.seed,
            parts: copy.config.parts,
            alarm: copy.alarm,
            learning: true,
            checkpoint: copy.trace,
            explain: false,
        };
        copy.metrics
            .observe(event, &now, &mut copy.fdr, &mut copy.recent)
            .is_some()
    }
}
