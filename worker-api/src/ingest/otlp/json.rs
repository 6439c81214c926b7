//! OTLP's JSON: proto3's mapping with the differences the specification makes (hexadecimal ids, enums as numbers).
//!
//! The generated messages name these functions field by field. 64-bit numbers come as text or number, `null` stands for a field's
//! default, unknown fields are passed over. A message that holds a choice is read into a flat twin here, since serde would
//! buffer the whole message for a flattened enum.

use super::proto::opentelemetry::proto::{common::v1 as common, metrics::v1 as metrics};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use prost::bytes::Bytes;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

/// A field for which `null` is the default.
pub fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    d: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

/// Bytes of memory that what is read from a body, or a record, may take: `{},` has three bytes in it and hundreds here.
const MEMORY: usize = 48 << 20;

thread_local!(static LEFT: Cell<usize> = const { Cell::new(MEMORY) });

/// Begins to read a body or a record.
pub fn budget() {
    LEFT.set(MEMORY);
}

fn spend(bytes: usize) -> bool {
    let left = LEFT.get();
    LEFT.set(left.saturating_sub(bytes));
    bytes <= left
}

/// A repeated message; a `null` in it is an empty one.
pub fn list<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    d: D,
) -> Result<Vec<T>, D::Error> {
    struct List<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for List<T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }
        fn visit_unit<E: Error>(self) -> Result<Vec<T>, E> {
            Ok(Vec::new())
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
            let mut out = Vec::new();
            while let Some(item) = items.next_element::<Option<T>>()? {
                if !spend(size_of::<T>()) {
                    return Err(Error::custom("too many parts"));
                }
                out.push(item.unwrap_or_default());
            }
            Ok(out)
        }
    }
    d.deserialize_any(List(PhantomData))
}

/// Reads a scalar from text, number or `null`.
trait Scalar: Sized {
    const EXPECTED: &'static str;
    fn absent() -> Self;
    fn text(_: &str) -> Option<Self> {
        None
    }
    fn owned(text: String) -> Option<Self> {
        Self::text(&text)
    }
    fn integer(_: i128) -> Option<Self> {
        None
    }
    fn float(_: f64) -> Option<Self> {
        None
    }
}

struct Reader<T>(PhantomData<T>);

impl<T: Scalar> Visitor<'_> for Reader<T> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }
    fn visit_str<E: Error>(self, v: &str) -> Result<T, E> {
        T::text(v).ok_or_else(|| E::custom(format_args!("expected {}", T::EXPECTED)))
    }
    fn visit_string<E: Error>(self, v: String) -> Result<T, E> {
        T::owned(v).ok_or_else(|| E::custom(format_args!("expected {}", T::EXPECTED)))
    }
    fn visit_u64<E: Error>(self, v: u64) -> Result<T, E> {
        T::integer(v.into()).ok_or_else(|| E::custom(format_args!("expected {}", T::EXPECTED)))
    }
    fn visit_i64<E: Error>(self, v: i64) -> Result<T, E> {
        T::integer(v.into()).ok_or_else(|| E::custom(format_args!("expected {}", T::EXPECTED)))
    }
    fn visit_f64<E: Error>(self, v: f64) -> Result<T, E> {
        T::float(v).ok_or_else(|| E::custom(format_args!("expected {}", T::EXPECTED)))
    }
    fn visit_unit<E: Error>(self) -> Result<T, E> {
        Ok(T::absent())
    }
}

fn scalar<'de, D: Deserializer<'de>, T: Scalar>(d: D) -> Result<T, D::Error> {
    d.deserialize_any(Reader(PhantomData))
}

/// Declares a wrapper that reads itself as a [`Scalar`].
macro_rules! wrapper {
    ($name:ident $(<$n:ident: $bound:ident>)?) => {
        impl<'de $(, $n: $bound)?> Deserialize<'de> for $name $(<$n>)? {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                scalar(d)
            }
        }
    };
}

/// A string.
struct Text(Bytes);
impl Scalar for Text {
    const EXPECTED: &'static str = "a string";
    fn absent() -> Self {
        Self(Bytes::new())
    }
    fn text(v: &str) -> Option<Self> {
        Some(Self(Bytes::copy_from_slice(v.as_bytes())))
    }
    fn owned(v: String) -> Option<Self> {
        Some(Self(v.into()))
    }
}
wrapper!(Text);

/// A trace or span id.
struct Hex(Bytes);
impl Scalar for Hex {
    const EXPECTED: &'static str = "an id in hexadecimal";
    fn absent() -> Self {
        Self(Bytes::new())
    }
    fn text(v: &str) -> Option<Self> {
        if !v.len().is_multiple_of(2) {
            return None;
        }
        let digit = |b: &u8| char::from(*b).to_digit(16);
        let pairs = v.as_bytes().chunks_exact(2);
        let bytes: Option<Vec<u8>> = pairs
            .map(|pair| match pair {
                [high, low] => Some((digit(high)? * 16 + digit(low)?) as u8),
                _ => None,
            })
            .collect();
        bytes.map(|b| Self(b.into()))
    }
}
wrapper!(Hex);

/// Bytes; with or without padding.
struct Base64(Bytes);
const PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, PADDING);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, PADDING);
impl Scalar for Base64 {
    const EXPECTED: &'static str = "bytes in base64";
    fn absent() -> Self {
        Self(Bytes::new())
    }
    fn text(v: &str) -> Option<Self> {
        let bytes = STANDARD.decode(v).or_else(|_| URL_SAFE.decode(v)).ok()?;
        Some(Self(bytes.into()))
    }
}
wrapper!(Base64);

/// An integer type of a message.
pub trait Integral: TryFrom<i128> + Default {}
impl<N: TryFrom<i128> + Default> Integral for N {}

/// An integer, as number or text.
struct Integer<N>(N);
impl<N: Integral> Scalar for Integer<N> {
    const EXPECTED: &'static str = "an integer in range";
    fn absent() -> Self {
        Self(N::default())
    }
    fn text(v: &str) -> Option<Self> {
        Self::integer(v.parse().ok()?)
    }
    fn integer(v: i128) -> Option<Self> {
        N::try_from(v).ok().map(Self)
    }
    fn float(v: f64) -> Option<Self> {
        (v.fract() == 0.0 && v.abs() < 2e19)
            .then_some(v as i128)
            .and_then(Self::integer)
    }
}
wrapper!(Integer<N: Integral>);

/// A double: a number, or its text where JSON has no number for it.
struct Number(f64);
impl Scalar for Number {
    const EXPECTED: &'static str = "a number, \"NaN\", \"Infinity\" or \"-Infinity\"";
    fn absent() -> Self {
        Self(0.0)
    }
    fn text(v: &str) -> Option<Self> {
        v.parse().ok().map(Self)
    }
    fn integer(v: i128) -> Option<Self> {
        Some(Self(v as f64))
    }
    fn float(v: f64) -> Option<Self> {
        Some(Self(v))
    }
}
wrapper!(Number);

/// A string field.
pub fn text<'de, D: Deserializer<'de>>(d: D) -> Result<Bytes, D::Error> {
    scalar(d).map(|Text(v)| v)
}
/// A repeated string field.
pub fn texts<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Bytes>, D::Error> {
    let all: Option<Vec<Text>> = Option::deserialize(d)?;
    Ok(all.into_iter().flatten().map(|Text(v)| v).collect())
}
/// A trace or span id.
pub fn hex<'de, D: Deserializer<'de>>(d: D) -> Result<Bytes, D::Error> {
    scalar(d).map(|Hex(v)| v)
}
/// An integer field of any width, or an enum.
pub fn integer<'de, D: Deserializer<'de>, N: Integral>(d: D) -> Result<N, D::Error> {
    scalar(d).map(|Integer(v)| v)
}
/// A repeated integer field.
pub fn integers<'de, D: Deserializer<'de>, N: Integral>(d: D) -> Result<Vec<N>, D::Error> {
    let all: Option<Vec<Integer<N>>> = Option::deserialize(d)?;
    Ok(all.into_iter().flatten().map(|Integer(v)| v).collect())
}
/// A double.
pub fn number<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
    scalar(d).map(|Number(v)| v)
}
/// A double that may be absent.
pub fn optional_number<'de, D: Deserializer<'de>>(d: D) -> Result<Option<f64>, D::Error> {
    let value: Option<Number> = Option::deserialize(d)?;
    Ok(value.map(|Number(v)| v))
}
/// Repeated doubles.
pub fn numbers<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<f64>, D::Error> {
    let all: Option<Vec<Number>> = Option::deserialize(d)?;
    Ok(all.into_iter().flatten().map(|Number(v)| v).collect())
}

/// Any value, flat.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AnyValue {
    string_value: Option<Text>,
    bool_value: Option<bool>,
    int_value: Option<Integer<i64>>,
    double_value: Option<Number>,
    array_value: Option<common::ArrayValue>,
    kvlist_value: Option<common::KeyValueList>,
    bytes_value: Option<Base64>,
}

impl From<AnyValue> for common::AnyValue {
    fn from(v: AnyValue) -> Self {
        use common::any_value::Value;
        let value = match v {
            AnyValue {
                string_value: Some(Text(v)),
                ..
            } => Some(Value::StringValue(v)),
            AnyValue {
                bool_value: Some(v),
                ..
            } => Some(Value::BoolValue(v)),
            AnyValue {
                int_value: Some(Integer(v)),
                ..
            } => Some(Value::IntValue(v)),
            AnyValue {
                double_value: Some(Number(v)),
                ..
            } => Some(Value::DoubleValue(v)),
            AnyValue {
                array_value: Some(v),
                ..
            } => Some(Value::ArrayValue(v)),
            AnyValue {
                kvlist_value: Some(v),
                ..
            } => Some(Value::KvlistValue(v)),
            AnyValue {
                bytes_value: Some(Base64(v)),
                ..
            } => Some(Value::BytesValue(v)),
            _ => None,
        };
        Self { value }
    }
}

/// A metric, flat.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metric {
    #[serde(deserialize_with = "text")]
    name: Bytes,
    #[serde(deserialize_with = "text")]
    unit: Bytes,
    gauge: Option<metrics::Gauge>,
    sum: Option<metrics::Sum>,
    histogram: Option<metrics::Histogram>,
    exponential_histogram: Option<metrics::ExponentialHistogram>,
    summary: Option<metrics::Summary>,
}

impl From<Metric> for metrics::Metric {
    fn from(m: Metric) -> Self {
        use metrics::metric::Data;
        let data = m
            .gauge
            .map(Data::Gauge)
            .or_else(|| m.sum.map(Data::Sum))
            .or_else(|| m.histogram.map(Data::Histogram))
            .or_else(|| m.exponential_histogram.map(Data::ExponentialHistogram))
            .or_else(|| m.summary.map(Data::Summary));
        Self {
            name: m.name,
            unit: m.unit,
            data,
            ..Self::default()
        }
    }
}

/// A point of a gauge or sum, flat.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NumberDataPoint {
    #[serde(deserialize_with = "list")]
    attributes: Vec<common::KeyValue>,
    #[serde(deserialize_with = "integer")]
    start_time_unix_nano: u64,
    #[serde(deserialize_with = "integer")]
    time_unix_nano: u64,
    #[serde(deserialize_with = "integer")]
    flags: u32,
    as_double: Option<Number>,
    as_int: Option<Integer<i64>>,
}

impl From<NumberDataPoint> for metrics::NumberDataPoint {
    fn from(p: NumberDataPoint) -> Self {
        use metrics::number_data_point::Value;
        let double = p.as_double.map(|Number(v)| Value::AsDouble(v));
        Self {
            attributes: p.attributes,
            start_time_unix_nano: p.start_time_unix_nano,
            time_unix_nano: p.time_unix_nano,
            flags: p.flags,
            value: double.or_else(|| p.as_int.map(|Integer(v)| Value::AsInt(v))),
            exemplars: Vec::new(),
        }
    }
}

/// An exemplar: not used, so that only its shape matters.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Exemplar {}

impl From<Exemplar> for metrics::Exemplar {
    fn from(_: Exemplar) -> Self {
        Self::default()
    }
}
