//! SQLite of a Durable Object: single statements, and all-or-nothing batches.

use super::metrics;
use crate::error::{Error, Result};
use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use std::cell::RefCell;
use std::collections::BTreeMap;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::{SqlStorage, SqlStorageValue, State};

#[wasm_bindgen(module = "/src/platform/store.js")]
extern "C" {
    #[wasm_bindgen(js_name = run, catch)]
    fn run_one(
        sql: &JsValue,
        statement: &JsValue,
        values: &Array,
    ) -> std::result::Result<f64, JsValue>;
    #[wasm_bindgen(catch)]
    fn append(
        sql: &JsValue,
        statement: &JsValue,
        first: f64,
        second: f64,
        body: &[u8],
    ) -> std::result::Result<f64, JsValue>;
    #[wasm_bindgen(js_name = runAll, catch)]
    fn run_all(
        storage: &JsValue,
        sql: &JsValue,
        statements: &Array,
        values: &Array,
    ) -> std::result::Result<f64, JsValue>;
    #[wasm_bindgen(js_name = setAlarm, catch)]
    fn set_alarm(storage: &JsValue, at: f64) -> std::result::Result<Promise, JsValue>;
}

/// A bound value.
pub type Value = SqlStorageValue;
/// A statement with its bindings.
pub type Statement = (&'static str, Vec<Value>);

/// The object's database.
#[derive(Clone)]
pub struct Sql {
    inner: SqlStorage,
    storage: JsValue,
}

impl Sql {
    /// The database of the object behind `state`.
    pub fn new(state: &State) -> Self {
        let storage = state.storage();
        Self {
            inner: storage.sql(),
            storage: storage.as_raw().into(),
        }
    }

    /// Runs a statement without a result.
    pub fn run(&self, statement: &str, values: Vec<Value>) -> Result<()> {
        self.inner
            .exec(statement, values)
            .map(|_| ())
            .map_err(Error::internal)
    }
    /// All rows as values.
    pub fn rows(&self, statement: &str, values: Vec<Value>) -> Result<Vec<Vec<Value>>> {
        let cursor = self
            .inner
            .exec(statement, values)
            .map_err(Error::internal)?;
        cursor
            .raw()
            .collect::<worker::Result<_>>()
            .map_err(Error::internal)
    }
    /// The first column of the first row as text.
    pub fn text(&self, statement: &str, values: Vec<Value>) -> Result<Option<String>> {
        Ok(match self.first(statement, values)? {
            Some(Value::String(s)) => Some(s),
            _ => None,
        })
    }
    /// The first column of the first row as an integer.
    pub fn integer(&self, statement: &str, values: Vec<Value>) -> Result<Option<i64>> {
        Ok(self.first(statement, values)?.as_ref().and_then(integer))
    }
    fn first(&self, statement: &str, values: Vec<Value>) -> Result<Option<Value>> {
        Ok(self
            .rows(statement, values)?
            .into_iter()
            .next()
            .and_then(|row| row.into_iter().next()))
    }
    /// Runs all statements in one transaction: either every one takes effect or none.
    pub fn transaction(&self, statements: Vec<Statement>) -> Result<()> {
        let rows = match <[Statement; 1]>::try_from(statements) {
            // which is a transaction by itself
            Ok([(statement, values)]) => match values.as_slice() {
                // an ordinary batch
                [
                    Value::Integer(first),
                    Value::Integer(second),
                    Value::Blob(body),
                ] => append(
                    self.inner.as_ref(),
                    &text_of(statement),
                    *first as f64,
                    *second as f64,
                    body,
                ),
                _ => run_one(self.inner.as_ref(), &text_of(statement), &array(values)),
            },
            Err(statements) => {
                let (texts, values) = (Array::new(), Array::new());
                for (statement, bound) in statements {
                    texts.push(&text_of(statement));
                    values.push(&array(bound));
                }
                run_all(&self.storage, self.inner.as_ref(), &texts, &values)
            }
        };
        metrics::add(
            "driftlock_sqlite_rows_written_total",
            rows.map_err(js_error)? as u64,
        );
        Ok(())
    }

    /// Sets the object's alarm. The call has reached the storage when this returns; the promise tells whether it was heard.
    pub fn set_alarm(&self, at_ms: i64) -> Result<Promise> {
        set_alarm(&self.storage, at_ms as f64).map_err(js_error)
    }

    /// Bytes on disk.
    pub fn size(&self) -> usize {
        self.inner.database_size()
    }
}

/// The integer in a value.
pub fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(i) => Some(*i),
        Value::Float(f) => Some(*f as i64),
        _ => None,
    }
}
/// The text in a value.
pub fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(s) => Some(s),
        _ => None,
    }
}
/// The bytes in a value.
pub fn bytes(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::Blob(b) => Some(b),
        _ => None,
    }
}

/// A statement as a string of the runtime, made once in the life of an isolate.
fn text_of(statement: &'static str) -> JsValue {
    thread_local!(static TEXTS: RefCell<BTreeMap<&'static str, JsValue>> = const { RefCell::new(BTreeMap::new()) });
    let made = || JsValue::from_str(statement);
    TEXTS.with_borrow_mut(|texts| texts.entry(statement).or_insert_with(made).clone())
}

fn array(values: Vec<Value>) -> Array {
    values
        .into_iter()
        .map(|value| match value {
            Value::Blob(bytes) => Uint8Array::from(bytes.as_slice()).into(),
            Value::Integer(n) => JsValue::from_f64(n as f64),
            value => value.into(),
        })
        .collect()
}

/// Ends this object's life in memory: the next request builds it anew from what is stored.
pub fn abort(state: &State, reason: &str) {
    let raw: JsValue = state.as_raw().into();
    if let Ok(abort) = Reflect::get(&raw, &"abort".into())
        && let Ok(abort) = abort.dyn_into::<Function>()
    {
        // it throws by design
        let _ = abort.call1(&raw, &reason.into());
    }
}

fn js_error(value: JsValue) -> Error {
    Error::internal(format!("{value:?}"))
}
