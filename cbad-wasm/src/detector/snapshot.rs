//! Checkpoints of a detector: a header with magic, format, algorithm, configuration hash and CRC-32, then the state.

use super::{ALGORITHM, CAUSES, Cause, Detector};
use crate::calibrate::{Calibration, Recalibration};
use crate::checkpoint::{CheckpointError, Reader, Truncated, Writer};
use crate::config::{Config, Memory, Parts, Warmup};
use crate::fdr::Fdr;
use crate::groups::Groups;
use crate::guard::Guard;
use crate::hash::{crc32, hash};
use crate::model::Model;
use crate::numeric::Metrics;
use crate::recent::Recent;
use crate::steps::Steps;
use crate::taught::Taught;
use crate::volume::Volume;

const MAGIC: &[u8; 4] = b"CBAD";
/// Format 1 held other counts for q-values, and up to format 2 the order of groups was not looked at; both are still read.
const FORMAT: u16 = 3;
const WITH_ORDER: u16 = 3;

impl Detector {
    /// The whole state, to be continued by [`Detector::restore`]. It never takes more than
    /// [`Memory::checkpoint_bytes`]: what would not fit, which takes thousands of unusually long events at once, is left out of it,
    /// the longest unseen series first, then the oldest texts, then verdicts on groups that nobody fetched.
    pub fn snapshot(&self) -> Vec<u8> {
        let most = self.config.memory.checkpoint_bytes();
        let bytes = self.written();
        if bytes.len() <= most {
            return bytes;
        }
        let mut copy = self.clone();
        loop {
            let less = copy.metrics.shed() || copy.recent.halve() || copy.closed.pop().is_some();
            let bytes = copy.written();
            if bytes.len() <= most || !less {
                return bytes;
            }
        }
    }

    pub(super) fn written(&self) -> Vec<u8> {
        let mut body = Writer::default();
        write_config(&self.config, &mut body);
        let config_hash = hash(&body.bytes);
        body.varint(self.events);
        body.varint(self.groups_closed);
        self.trace.iter().for_each(|&t| body.u64(t));
        self.model.write(&mut body);
        self.guard.write(&mut body);
        self.scores.write(&mut body);
        self.kept.write(&mut body);
        self.fdr.write(&mut body);
        self.metrics.write(&mut body);
        self.groups.write(&mut body);
        self.group_scores.write(&mut body);
        self.group_kept.write(&mut body);
        self.group_fdr.write(&mut body);
        self.recent.write(&mut body);
        body.varint(self.causes.len() as u64);
        for c in &self.causes {
            body.u64(c.key);
            body.varint(c.first);
            body.varint(c.last);
        }
        body.slice(&serde_json::to_vec(&self.closed).unwrap_or_default());
        self.taught.write(&mut body);
        body.u8(u8::from(self.volume.is_some()));
        if let Some(volume) = &self.volume {
            volume.write(&mut body);
        }
        body.u8(u8::from(self.steps.is_some()));
        if let Some(steps) = &self.steps {
            steps.write(&mut body);
        }
        let mut out = Writer::default();
        out.bytes.extend_from_slice(MAGIC);
        out.u16(FORMAT);
        out.text(ALGORITHM);
        out.u64(config_hash);
        out.u32(crc32(&body.bytes));
        out.bytes.extend_from_slice(&body.bytes);
        out.bytes
    }

    /// The detector that `bytes` were a snapshot of; it goes on bit for bit like the original.
    ///
    /// # Errors
    /// A [`CheckpointError`] where `bytes` are not a sound snapshot of this algorithm.
    pub fn restore(bytes: &[u8]) -> Result<Detector, CheckpointError> {
        let mut r = Reader::new(bytes);
        if r.take(4) != Ok(MAGIC) {
            return Err(CheckpointError::NotACheckpoint);
        }
        let found = r.u16()?;
        if !(1..=FORMAT).contains(&found) {
            return Err(CheckpointError::Version {
                found,
                known: FORMAT,
            });
        }
        let algorithm = r.text()?;
        if algorithm != ALGORITHM {
            return Err(CheckpointError::Algorithm(algorithm.to_owned()));
        }
        let (config_hash, crc) = (r.u64()?, r.u32()?);
        if crc32(r.rest) != crc {
            return Err(CheckpointError::Checksum);
        }
        let body = r.rest;
        let config = read_config(&mut r)?;
        if hash(&body[..body.len() - r.rest.len()]) != config_hash || config != config.bounded() {
            return Err(CheckpointError::Config);
        }
        let mut d = Detector::new(config);
        d.events = r.varint()?;
        d.groups_closed = r.varint()?;
        d.trace = [r.u64()?, r.u64()?];
        let memory = config.memory;
        let scores = memory.scores as usize;
        d.model = Model::read(&mut r, config.parts, memory.table_bits)?;
        d.guard = Guard::read(&mut r, scores)?;
        d.scores = Calibration::read(&mut r, scores)?;
        d.kept = Recalibration::read(&mut r)?;
        d.fdr = Fdr::read(&mut r, found)?;
        d.metrics = Metrics::read(&mut r)?;
        d.groups = Groups::read(&mut r, found >= WITH_ORDER)?;
        d.group_scores = Calibration::read(&mut r, scores)?;
        d.group_kept = Recalibration::read(&mut r)?;
        d.group_fdr = Fdr::read(&mut r, found)?;
        d.recent = Recent::read(&mut r, memory.recent_bytes as usize)?;
        for _ in 0..r.length()?.min(CAUSES) {
            d.causes.push(Cause {
                key: r.u64()?,
                first: r.varint()?,
                last: r.varint()?,
            });
        }
        d.closed = serde_json::from_slice(r.slice()?).map_err(|_| CheckpointError::Corrupt)?;
        // earlier formats left out what was not there
        let more = |r: &mut Reader| match found {
            WITH_ORDER.. => r.u8().map(|flag| flag == 1),
            _ => Ok(!r.rest.is_empty()),
        };
        if found >= WITH_ORDER || !r.rest.is_empty() {
            d.taught = Taught::read(&mut r)?;
        }
        if more(&mut r)? {
            d.volume = Some(Box::new(Volume::read(&mut r)?));
        }
        if more(&mut r)? {
            d.steps = Some(Box::new(Steps::read(&mut r, scores)?));
        }
        let sane = d
            .causes
            .iter()
            .all(|c| c.first <= c.last && c.last <= d.events);
        if r.rest.is_empty() && sane {
            Ok(d)
        } else {
            Err(CheckpointError::Corrupt)
        }
    }
}

fn write_config(c: &Config, out: &mut Writer) {
    out.u64(c.seed);
    out.f64(c.sensitivity);
    out.varint(match c.warmup {
        Warmup::Auto => 0,
        Warmup::Events(n) => n.saturating_add(1),
    });
    for x in [
        c.memory.table_bits,
        c.memory.scores,
        c.memory.recent_bytes,
        c.memory.open_groups,
    ] {
        out.u32(x);
    }
    out.u8(u8::from(c.parts.guard) | c.parts.off() << 1);
    for part in [c.parts.class_excess, c.parts.signature, c.parts.recalibrate] {
        out.u8(u8::from(part));
    }
}

fn read_config(r: &mut Reader) -> Result<Config, Truncated> {
    let (seed, sensitivity) = (r.u64()?, r.finite()?);
    let warmup = r
        .varint()?
        .checked_sub(1)
        .map_or(Warmup::Auto, Warmup::Events);
    let memory = Memory {
        table_bits: r.u32()?,
        scores: r.u32()?,
        recent_bytes: r.u32()?,
        open_groups: r.u32()?,
    };
    let first = r.u8()?;
    let mut parts = Parts {
        guard: first & 1 == 1,
        class_excess: r.u8()? == 1,
        signature: r.u8()? == 1,
        recalibrate: r.u8()? == 1,
        ..Parts::default()
    };
    parts.turn_off(first >> 1);
    Ok(Config {
        seed,
        sensitivity,
        warmup,
        memory,
        parts,
    })
}
