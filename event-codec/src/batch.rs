//! The binary form of a batch of events: what the Worker sends to a stream object, and what that object's write-ahead log holds.
//!
//! One version byte, then per event a flag byte and length-prefixed parts. The payload is the event's text as it was received,
//! so that a replay prices exactly the same bytes. Unknown versions are refused, never guessed at.

use cbad::{Event, Kind, Payload};

/// First byte of a batch.
pub const VERSION: u8 = 1;
/// First byte of an entry of the log as earlier builds wrote it, which says with it how the stream stands then: a length, so many bytes
/// of that, and the entry as it would be without.
const STATED: u8 = 3;
/// First byte of a [`Row`] with which an entry begins …
const BEGINS: u8 = 4;
/// … and of one that goes on with the entry of the row before.
const GOES_ON: u8 = 5;

const JSON: u8 = 1;
const TIMESTAMP: u8 = 2;
const GROUP: u8 = 4;
const ID: u8 = 8;
const METADATA: u8 = 16;

/// Whether an event's payload is text or JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Plain text, unescaped.
    Text,
    /// JSON as received.
    Json,
}

impl Format {
    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
        }
    }
}

/// One event of a batch, borrowed from the batch's bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Record<'a> {
    /// Position in the caller's request.
    pub index: u32,
    /// What it is.
    pub kind: Kind,
    /// Milliseconds since the Unix epoch, where the caller sent one.
    pub timestamp_ms: Option<i64>,
    /// Session or trace key.
    pub group: Option<&'a str>,
    /// The caller's id, for de-duplication.
    pub id: Option<&'a str>,
    /// A JSON object kept beside the event.
    pub metadata: Option<&'a str>,
    /// Text or JSON.
    pub format: Format,
    /// The payload.
    pub text: &'a str,
}

impl<'a> Record<'a> {
    /// About how many bytes it takes in a batch.
    pub fn size(&self) -> usize {
        /// Flags, position, time and lengths.
        const FIXED: usize = 24;
        let parts = [self.group, self.id, self.metadata];
        let parts = parts.into_iter().flatten().map(str::len);
        FIXED + self.text.len() + parts.sum::<usize>()
    }

    /// The detector's view of the record.
    pub fn event(&self) -> Event<'a> {
        Event {
            kind: self.kind,
            timestamp_ms: self.timestamp_ms,
            group: self.group,
            payload: match self.format {
                Format::Text => Payload::Text(self.text),
                Format::Json => Payload::Json(self.text),
            },
        }
    }
}

/// A batch that cannot be read: corrupt, cut short or of a version this build does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// The version byte is unknown.
    #[error("unknown log version {0}")]
    Version(u8),
    /// The bytes end inside a record, or a part is not UTF-8.
    #[error("corrupt log record")]
    Corrupt,
}

/// Builds a batch.
#[derive(Clone, Debug)]
pub struct Writer {
    bytes: Vec<u8>,
    count: u32,
}

impl Default for Writer {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl Writer {
    /// With room for so many bytes: growing copies what is there.
    pub fn with_capacity(bytes: usize) -> Self {
        let mut writer = Self {
            bytes: Vec::with_capacity(bytes + 1),
            count: 0,
        };
        writer.bytes.push(VERSION);
        writer
    }

    /// Number of records written.
    pub fn len(&self) -> u32 {
        self.count
    }
    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
    /// The batch so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
    /// The batch.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// Appends a record.
    pub fn push(&mut self, r: &Record<'_>) {
        self.count += 1;
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        self.bytes.push(
            flag(r.format == Format::Json, JSON)
                | flag(r.timestamp_ms.is_some(), TIMESTAMP)
                | flag(r.group.is_some(), GROUP)
                | flag(r.id.is_some(), ID)
                | flag(r.metadata.is_some(), METADATA)
                | (kind_code(r.kind) << 5),
        );
        self.varint(u64::from(r.index));
        if let Some(ms) = r.timestamp_ms {
            self.bytes.extend_from_slice(&ms.to_le_bytes());
        }
        for part in [r.group, r.id, r.metadata, Some(r.text)]
            .into_iter()
            .flatten()
        {
            self.varint(part.len() as u64);
            self.bytes.extend_from_slice(part.as_bytes());
        }
    }

    fn varint(&mut self, mut v: u64) {
        while v >= 0x80 {
            self.bytes.push((v as u8) | 0x80);
            v >>= 7;
        }
        self.bytes.push(v as u8);
    }
}

/// Reads a batch record by record.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Opens a batch.
    pub fn new(bytes: &'a [u8]) -> Result<Self, LogError> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => Ok(Self { rest }),
            Some((&v, _)) => Err(LogError::Version(v)),
            None => Err(LogError::Corrupt),
        }
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], LogError> {
        let (head, tail) = self.rest.split_at_checked(n).ok_or(LogError::Corrupt)?;
        self.rest = tail;
        Ok(head)
    }

    fn varint(&mut self) -> Result<u64, LogError> {
        let mut v = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first().ok_or(LogError::Corrupt)?;
            v |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(v);
            }
        }
        Err(LogError::Corrupt)
    }

    /// A length in four bytes.
    fn length(&mut self) -> Result<usize, LogError> {
        let bytes = self.take(4)?.try_into().map_err(|_| LogError::Corrupt)?;
        usize::try_from(u32::from_le_bytes(bytes)).map_err(|_| LogError::Corrupt)
    }

    fn text(&mut self) -> Result<&'a str, LogError> {
        let n = usize::try_from(self.varint()?).map_err(|_| LogError::Corrupt)?;
        std::str::from_utf8(self.take(n)?).map_err(|_| LogError::Corrupt)
    }

    fn record(&mut self) -> Result<Record<'a>, LogError> {
        let flags = *self.take(1)?.first().ok_or(LogError::Corrupt)?;
        let kind = kind_of(flags >> 5)?;
        let index = u32::try_from(self.varint()?).map_err(|_| LogError::Corrupt)?;
        let timestamp_ms = match flags & TIMESTAMP {
            0 => None,
            _ => Some(i64::from_le_bytes(
                self.take(8)?.try_into().map_err(|_| LogError::Corrupt)?,
            )),
        };
        let mut part = |bit: u8| -> Result<Option<&'a str>, LogError> {
            if flags & bit == 0 {
                Ok(None)
            } else {
                self.text().map(Some)
            }
        };
        let (group, id, metadata) = (part(GROUP)?, part(ID)?, part(METADATA)?);
        let format = if flags & JSON == 0 {
            Format::Text
        } else {
            Format::Json
        };
        Ok(Record {
            index,
            kind,
            timestamp_ms,
            group,
            id,
            metadata,
            format,
            text: self.text()?,
        })
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Record<'a>, LogError>;
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let item = self.record();
        if item.is_err() {
            self.rest = &[];
        }
        Some(item)
    }
}

/// Puts the events of a batch behind those of another.
pub fn append(batch: &mut Vec<u8>, next: &[u8]) {
    let events = if batch.is_empty() {
        next
    } else {
        next.get(1..).unwrap_or_default()
    };
    batch.extend_from_slice(events);
}

/// A row of the log: an entry or a part of one, and how the stream stands after it. A batch is so one row to write, not one for itself
/// and one for its counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Whether the entry began in the row before.
    pub goes_on: bool,
    /// How the stream stands; empty where the row does not say.
    pub state: &'a [u8],
    /// The entry.
    pub entry: &'a [u8],
}

impl<'a> Row<'a> {
    const HEAD: usize = 9;

    /// A first byte, both lengths in four bytes each, little end first, both parts, and zeros up to a power of two: SQLite writes a
    /// value in the place of an old one where it is as long, and otherwise looks for new pages.
    pub fn to_bytes(&self) -> Vec<u8> {
        let size = Self::HEAD + self.state.len() + self.entry.len();
        let room = size.next_power_of_two();
        let mut bytes = Vec::with_capacity(room);
        bytes.push(if self.goes_on { GOES_ON } else { BEGINS });
        for part in [self.state, self.entry] {
            bytes.extend_from_slice(&(part.len() as u32).to_le_bytes());
        }
        bytes.extend_from_slice(self.state);
        bytes.extend_from_slice(self.entry);
        bytes.resize(room, 0);
        bytes
    }

    /// What [`Self::to_bytes`] wrote.
    pub fn read(bytes: &'a [u8]) -> Result<Self, LogError> {
        let (&first, rest) = bytes.split_first().ok_or(LogError::Corrupt)?;
        let goes_on = match first {
            BEGINS => false,
            GOES_ON => true,
            version => return Err(LogError::Version(version)),
        };
        let mut reader = Reader { rest };
        let lengths = [reader.length()?, reader.length()?];
        let [state, entry] = lengths.map(|length| Reader::take(&mut reader, length));
        Ok(Self {
            goes_on,
            state: state?,
            entry: entry?,
        })
    }
}

/// The entry of a row of the log as earlier builds wrote it, and how the stream stood after it where the row says so.
pub fn unstated(row: &[u8]) -> Result<(Option<&[u8]>, &[u8]), LogError> {
    let Some((&STATED, rest)) = row.split_first() else {
        return Ok((None, row));
    };
    let mut reader = Reader { rest };
    let length = usize::try_from(reader.varint()?).map_err(|_| LogError::Corrupt)?;
    let state = Reader::take(&mut reader, length)?;
    Ok((Some(state), reader.rest))
}

/// Splits a batch into batches of at most `max` bytes, in order; `None` where a record alone is longer.
pub fn split(batch: &[u8], max: usize) -> Result<Option<Vec<Vec<u8>>>, LogError> {
    let mut reader = Reader::new(batch)?;
    let mut pieces = vec![vec![VERSION]];
    while !reader.rest.is_empty() {
        let before = reader.rest;
        reader.record()?;
        let record = &before[..before.len() - reader.rest.len()];
        if record.len() >= max {
            return Ok(None);
        }
        match pieces.last_mut() {
            Some(piece) if piece.len() + record.len() <= max => piece.extend_from_slice(record),
            _ => pieces.push([&[VERSION], record].concat()),
        }
    }
    Ok(Some(pieces))
}

/// The name of a kind in the API and the database.
pub fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Log => "log",
        Kind::Metric => "metric",
        Kind::Trace => "trace",
        Kind::Llm => "llm",
    }
}

/// The kind of a name.
pub fn kind_named(name: &str) -> Option<Kind> {
    [Kind::Log, Kind::Metric, Kind::Trace, Kind::Llm]
        .into_iter()
        .find(|k| kind_name(*k) == name)
}

fn kind_code(kind: Kind) -> u8 {
    match kind {
        Kind::Log => 0,
        Kind::Metric => 1,
        Kind::Trace => 2,
        Kind::Llm => 3,
    }
}

fn kind_of(code: u8) -> Result<Kind, LogError> {
    Ok(match code {
        0 => Kind::Log,
        1 => Kind::Metric,
        2 => Kind::Trace,
        3 => Kind::Llm,
        _ => return Err(LogError::Corrupt),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record<'a>(text: &'a str, group: Option<&'a str>) -> Record<'a> {
        Record {
            index: 7,
            kind: Kind::Llm,
            timestamp_ms: Some(-5),
            group,
            id: Some("é"),
            metadata: None,
            format: Format::Json,
            text,
        }
    }

    #[test]
    fn unknown_versions_are_refused() {
        assert_eq!(Reader::new(&[9, 0]).map(|_| ()), Err(LogError::Version(9)));
        assert_eq!(Reader::new(&[]).map(|_| ()), Err(LogError::Corrupt));
    }

    #[test]
    fn batches_behind_each_other_are_one() {
        let batch = |text: &str| {
            let mut w = Writer::default();
            w.push(&record(text, None));
            w.finish()
        };
        let mut all = Vec::new();
        for text in ["one", "two", "three"] {
            append(&mut all, &batch(text));
        }
        let read = Reader::new(&all).expect("version");
        let texts: Vec<_> = read.map(|r| r.expect("record").text).collect();
        assert_eq!(texts, ["one", "two", "three"]);
    }

    #[test]
    fn rows_are_as_long_as_others_and_come_back_as_they_were() {
        let [state, entry] = [&[b'x'; 300][..], &[VERSION, 7, 0]];
        for (goes_on, state, entry, length) in [
            (false, state, entry, 512),
            (true, &[][..], entry, 16),
            (false, state, &[0; 203], 512),
            (false, state, &[0; 204], 1_024),
        ] {
            let row = Row {
                goes_on,
                state,
                entry,
            };
            let bytes = row.to_bytes();
            assert_eq!((bytes.len(), Row::read(&bytes)), (length, Ok(row)));
            let cut = &bytes[..Row::HEAD + state.len() + entry.len() - 1];
            assert_eq!(Row::read(cut), Err(LogError::Corrupt));
            // a build from before this refuses such a log instead of counting from where it once stood
            let refused = Reader::new(&bytes).map(|_| ());
            assert_eq!(refused, Err(LogError::Version(bytes[0])));
        }
        assert_eq!(Row::read(&[]), Err(LogError::Corrupt));
        assert_eq!(Row::read(&[VERSION, 0]), Err(LogError::Version(VERSION)));
    }

    #[test]
    fn an_earlier_builds_entry_says_how_the_stream_stands_or_does_not() {
        let entry = [VERSION, 7, 7];
        let row = [&[STATED, 2][..], b"xx", &entry].concat();
        assert_eq!(unstated(&row), Ok((Some(&b"xx"[..]), &entry[..])));
        assert_eq!(unstated(&entry), Ok((None, &entry[..])));
        assert_eq!(unstated(&row[..3]), Err(LogError::Corrupt));
    }

    #[test]
    fn splits_between_records() {
        let mut w = Writer::default();
        for text in ["one", "two", "three"] {
            w.push(&record(text, None));
        }
        let batch = w.finish();
        let texts = |pieces: &[Vec<u8>]| -> Vec<String> {
            let read = |p: &Vec<u8>| {
                Reader::new(p)
                    .expect("version")
                    .map(|r| r.expect("record").text.to_owned())
                    .collect::<Vec<_>>()
            };
            pieces.iter().flat_map(read).collect()
        };
        for max in [20, 40, 1000] {
            let pieces = split(&batch, max).expect("own batch").expect("fits");
            assert_eq!(texts(&pieces), ["one", "two", "three"]);
            assert!(pieces.iter().all(|p| p.len() <= max), "{max}");
        }
        assert_eq!(split(&batch, 10), Ok(None));
    }

    proptest! {
        #[test]
        fn round_trips(texts in prop::collection::vec((".*", prop::option::of(".*")), 0..8)) {
            let mut w = Writer::default();
            for (t, g) in &texts { w.push(&record(t, g.as_deref())); }
            let bytes = w.finish();
            let read: Vec<_> = Reader::new(&bytes).expect("version").collect::<Result<_, _>>().expect("records");
            let want: Vec<_> = texts.iter().map(|(t, g)| record(t, g.as_deref())).collect();
            prop_assert_eq!(read, want);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(reader) = Reader::new(&bytes) { let _ = reader.collect::<Vec<_>>(); }
        }
    }
}
