//! What people teach a stream, as an entry of its log: a replay has to teach at the same place.
//!
//! A version byte of its own, then whether it is taken back, the anomaly's sequence number, and the event as a batch of one.

use super::engine::Engine;
use super::log::{self, Format, LogError, Reader, Record, Writer};
use cbad::Kind;
use serde::{Deserialize, Serialize};

/// First byte of a lesson in the log.
pub const VERSION: u8 = 2;

/// An event that is expected, or no longer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lesson {
    /// Sequence number of the anomaly it is about.
    pub sequence: u64,
    /// The stream's generation then.
    pub generation: u32,
    /// `log`, `metric`, `trace` or `llm`.
    pub event_type: String,
    /// Whether the text is JSON.
    pub json: bool,
    /// The event's text.
    pub text: String,
    /// Session or trace key.
    pub group: Option<String>,
    /// Whether the detector is to count it as expected.
    pub teach: bool,
    /// Only look at what would be said; nothing changes.
    #[serde(default)]
    pub look: bool,
}

/// What a lesson led to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Effect {
    /// Whether the detector counts the event as expected now.
    pub taught: bool,
    /// Why not, if it was asked to.
    pub note: Option<String>,
    /// What this very event would score now, bits of surprise.
    pub score: f64,
    /// See `score`.
    pub p_value: f64,
    /// Whether it would raise an alarm.
    pub anomaly: bool,
    /// The score from which one is raised.
    pub threshold: f64,
}

impl Lesson {
    fn record(&self) -> Record<'_> {
        Record {
            index: 0,
            kind: log::kind_named(&self.event_type).unwrap_or(Kind::Log),
            timestamp_ms: None,
            group: self.group.as_deref(),
            id: None,
            metadata: None,
            format: if self.json {
                Format::Json
            } else {
                Format::Text
            },
            text: &self.text,
        }
    }

    /// For the log.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut batch = Writer::default();
        batch.push(&self.record());
        let mut bytes = vec![VERSION, u8::from(self.teach)];
        bytes.extend_from_slice(&self.sequence.to_le_bytes());
        bytes.extend(batch.finish());
        bytes
    }
}

impl Engine {
    /// Teaches or takes back. Gives the effect, and an entry for the log where the detector has changed.
    pub fn learn_lesson(&mut self, lesson: &Lesson) -> (Effect, Option<Vec<u8>>) {
        let record = lesson.record();
        let mut note = None;
        let before = self.detector.is_taught(lesson.sequence);
        if lesson.generation != self.counters.generation {
            note = Some("the stream was reset since".to_owned());
        } else if lesson.look {
        } else if lesson.teach {
            note = self
                .detector
                .teach(lesson.sequence, &record.event())
                .err()
                .map(|e| e.to_string());
        } else {
            self.detector.unteach(lesson.sequence);
        }
        let taught = self.detector.is_taught(lesson.sequence);
        let entry = (taught != before).then(|| lesson.to_bytes());
        if let Some(entry) = &entry {
            self.counters.log_bytes += entry.len() as u64;
        }
        let verdict = self.detector.explain(&record.event());
        let effect = Effect {
            taught,
            note,
            score: verdict.score,
            p_value: verdict.p_value,
            anomaly: verdict.anomaly,
            threshold: -f64::log2(cbad::Config::alpha(self.sensitivity())),
        };
        (effect, entry)
    }

    /// A lesson of the log again.
    pub(super) fn replay_lesson(&mut self, entry: &[u8]) -> Result<(), LogError> {
        let (head, batch) = entry.split_at_checked(10).ok_or(LogError::Corrupt)?;
        let sequence = u64::from_le_bytes(head[2..].try_into().map_err(|_| LogError::Corrupt)?);
        if head[1] == 0 {
            self.detector.unteach(sequence);
            return Ok(());
        }
        let record = Reader::new(batch)?.next().ok_or(LogError::Corrupt)??;
        // it was taught once, so it can be taught again
        self.detector
            .teach(sequence, &record.event())
            .map_err(|_| LogError::Corrupt)
    }
}

#[cfg(test)]
mod tests {
    use super::super::dedupe::Window;
    use super::super::engine::Counters;
    use super::super::name::ObjectName;
    use super::super::sample;
    use super::*;

    fn engine() -> Engine {
        let name = ObjectName::first(uuid::Uuid::from_u128(7), "checkout");
        Engine::new(name, Counters::default(), Window::default())
    }

    fn lesson(teach: bool) -> Lesson {
        Lesson {
            sequence: 300,
            generation: 0,
            event_type: "log".into(),
            json: false,
            text: "nightly export of table cards begins".into(),
            group: None,
            teach,
            look: false,
        }
    }

    #[test]
    fn a_restart_teaches_at_the_same_place() {
        let mut log = Vec::new();
        let mut live = engine();
        let mut run = |live: &mut Engine, from: usize| {
            log.push(
                live.apply(&sample::orders(from, 200), 1)
                    .expect("batch")
                    .log
                    .expect("logged"),
            );
        };
        run(&mut live, 0);
        let (effect, entry) = live.learn_lesson(&lesson(true));
        assert!(effect.taught && !effect.anomaly, "{effect:?}");
        let first = entry.expect("an entry");
        assert!(
            live.learn_lesson(&lesson(true)).1.is_none(),
            "again changes nothing"
        );
        run(&mut live, 200);
        let (undone, second) = live.learn_lesson(&lesson(false));
        assert!(!undone.taught && undone.anomaly, "{undone:?}");
        run(&mut live, 400);
        let mut again = engine();
        for row in [
            &log[0],
            &first,
            &log[1],
            &second.expect("an entry"),
            &log[2],
        ] {
            again.replay(row).expect("replays");
        }
        assert_eq!(again.snapshot(), live.snapshot());
    }

    #[test]
    fn looking_and_other_generations_change_nothing() {
        let mut live = engine();
        live.apply(&sample::orders(0, 300), 1).expect("batch");
        let before = live.snapshot();
        let (looked, none) = live.learn_lesson(&Lesson {
            look: true,
            ..lesson(true)
        });
        assert!(!looked.taught && looked.anomaly && none.is_none());
        let (old, none) = live.learn_lesson(&Lesson {
            generation: 3,
            ..lesson(true)
        });
        assert!(!old.taught && old.note.is_some() && none.is_none());
        assert_eq!(live.snapshot(), before);
    }
}
