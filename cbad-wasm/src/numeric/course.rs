//! The numbers round a metric anomaly with the band that each was expected in, from the anomaly's witness alone.
//!
//! A witness holds an older copy of each series' model and the points since (up to 64 and those of one event): judging them
//! again gives what the detector expected at the time, bit for bit, and no more history than that.

use super::NumericScore;
use super::numbers::Numbers;
use super::report::{Facts, read_part};
use super::series::Series;
use crate::checkpoint::{Reader, Truncated};
use crate::event::Event;
use crate::judge::ReplayError;
use serde::Serialize;

/// One number of a series, and what was expected in its place.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CoursePoint {
    /// Milliseconds since 1970, where the event had a time.
    pub at_ms: Option<i64>,
    /// As judged: as it came, or a counter's increase.
    pub value: f64,
    /// What was expected.
    pub expected: f64,
    /// Lower end of the usual band.
    pub lo: f64,
    /// Upper end of the usual band.
    pub hi: f64,
    /// Surprise of this point by itself, bits.
    pub bits: f64,
    /// Whether it is the anomaly's own.
    pub here: bool,
}

/// A series as the detector saw it before the anomaly, the anomaly's own point last.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Course {
    /// Dotted path of the field.
    pub path: String,
    /// The values only ever grow and are judged by their increase.
    pub counter: bool,
    /// Oldest first.
    pub points: Vec<CoursePoint>,
}

/// The course of each series in a witness of numbers, the most surprising first.
pub(crate) fn course(event: &Event<'_>, witness: &[u8]) -> Result<Vec<Course>, ReplayError> {
    let mut numbers = Numbers::default();
    numbers.read(event);
    let mut r = Reader::new(witness);
    let facts = Facts::read(&mut r).map_err(|_| ReplayError::NotAWitness)?;
    let (mut models, mut courses) = read_before(&mut r).map_err(|_| ReplayError::NotAWitness)?;
    let count = r.length().map_err(|_| ReplayError::NotAWitness)?;
    if count != numbers.numbers.len() || !facts.fits(event) {
        return Err(ReplayError::OtherEvent);
    }
    for n in &numbers.numbers {
        let (part, model) = read_part(&mut r, &mut models, event.timestamp_ms, n.x)
            .map_err(|_| ReplayError::NotAWitness)?;
        let Some((score, course)) = part.score.zip(model.and_then(|m| courses.get_mut(m))) else {
            continue;
        };
        if course.path.is_empty() {
            course.path.clone_from(&n.path);
        }
        course.push(event.timestamp_ms, &score, true);
    }
    courses.retain(|c| c.points.iter().any(|p| p.here));
    courses.sort_by(|a, b| b.own_bits().total_cmp(&a.own_bits()));
    Ok(courses)
}

fn read_before(r: &mut Reader<'_>) -> Result<(Vec<Series>, Vec<Course>), Truncated> {
    let (mut models, mut courses) = (Vec::new(), Vec::new());
    for _ in 0..r.length()? {
        let mut course = Course {
            path: String::new(),
            counter: false,
            points: Vec::new(),
        };
        models.push(Series::read_before(r, |at, score| {
            course.push(at, score, false);
        })?);
        courses.push(course);
    }
    Ok((models, courses))
}

impl Course {
    fn push(&mut self, at_ms: Option<i64>, score: &NumericScore, here: bool) {
        if score.missing {
            return;
        }
        self.counter |= score.counter;
        self.points.push(CoursePoint {
            at_ms,
            value: score.value,
            expected: score.expected,
            lo: score.lo,
            hi: score.hi,
            bits: crate::bits::to_bits(score.raw_micro_bits),
            here,
        });
    }

    fn own_bits(&self) -> f64 {
        let own = self.points.iter().filter(|p| p.here);
        own.map(|p| p.bits).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::{Config, Detector, Event, Kind, ReplayError, Verdict};
    use base64::Engine as _;

    fn metric(text: &str, at: i64) -> Event<'_> {
        Event {
            kind: Kind::Metric,
            timestamp_ms: Some(at),
            ..Event::json(text)
        }
    }

    /// A steady stream, then one value far off: the text of that event, and what was said of it.
    fn spike(after: i64) -> (String, i64, Verdict) {
        let mut detector = Detector::new(Config::default());
        for i in 0..after {
            let text = format!(r#"{{"host":"a","cpu":{}}}"#, 40 + (i * 7) % 5);
            detector.observe(&metric(&text, i * 60_000));
        }
        let text = r#"{"host":"a","cpu":97}"#.to_owned();
        let verdict = detector.observe(&metric(&text, after * 60_000));
        (text, after * 60_000, verdict)
    }

    fn bytes(verdict: &Verdict) -> Vec<u8> {
        let text = verdict.witness.as_ref().unwrap();
        base64::engine::general_purpose::STANDARD
            .decode(text)
            .unwrap()
    }

    #[test]
    fn a_spike_stands_outside_the_band_that_its_verdict_names() {
        let (text, at, verdict) = spike(1_000);
        assert!(verdict.anomaly);
        let courses = crate::course(&metric(&text, at), &bytes(&verdict)).unwrap();
        assert_eq!(courses.len(), 1);
        let course = &courses[0];
        assert_eq!(course.path, "cpu");
        let (own, before) = course.points.split_last().unwrap();
        assert!(
            own.here && own.value == 97.0 && own.value > own.hi,
            "{own:?}"
        );
        assert_eq!(own.bits, verdict.fields[0].bits);
        assert!(!before.is_empty() && before.iter().all(|p| !p.here));
        let last = before.last().unwrap();
        assert_eq!(last.at_ms, Some(at - 60_000));
        assert!(before.iter().all(|p| p.lo <= p.value && p.value <= p.hi));
    }

    #[test]
    fn another_event_or_a_damaged_witness_is_refused() {
        let (text, at, verdict) = spike(1_000);
        let witness = bytes(&verdict);
        let other = metric(r#"{"host":"a","cpu":97,"memory":3}"#, at);
        assert_eq!(
            crate::course(&other, &witness),
            Err(ReplayError::OtherEvent)
        );
        let own = metric(&text, at);
        for cut in 1..witness.len().min(200) {
            assert_eq!(
                crate::course(&own, &witness[..cut]),
                Err(ReplayError::NotAWitness)
            );
        }
    }

    #[test]
    fn a_witness_that_does_not_tell_its_event_still_replays() {
        use super::{Facts, Reader};
        let (text, at, verdict) = spike(1_000);
        let witness = bytes(&verdict);
        let mut r = Reader::new(&witness);
        let mut facts = Facts::read(&mut r).unwrap();
        assert!(facts.event.take().is_some());
        let mut old = crate::checkpoint::Writer::default();
        facts.write(&mut old);
        old.bytes.extend_from_slice(r.rest);
        assert_eq!(old.bytes[0], 0x4e);
        let event = metric(&text, at);
        let mut again = crate::replay(&event, &old.bytes).unwrap();
        again.witness.clone_from(&verdict.witness);
        assert_eq!(again, verdict);
        assert!(crate::course(&event, &old.bytes).is_ok());
    }

    #[test]
    fn a_witness_of_words_has_no_course() {
        let mut detector = Detector::new(Config::default());
        for i in 0..1_000 {
            detector.observe(&Event::text(&format!("paid order {i} in 4 ms")));
        }
        let odd = Event::text("disk is full");
        let verdict = detector.observe(&odd);
        assert_eq!(crate::course(&odd, &bytes(&verdict)), Ok(Vec::new()));
    }
}
