//! SQLite of a Durable Object: single statements, and all-or-nothing batches.

use super::metrics;
use crate::error::{Error, Result};
use js_sys::{Function, Reflect};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use worker::{SqlStorage, SqlStorageValue, State};

/// A bound value.
pub type Value = SqlStorageValue;
/// A statement with its bindings.
pub type Statement = (&'static str, Vec<Value>);

/// The object's database.
pub struct Sql {
    inner: SqlStorage,
}

impl Sql {
    /// The database of the object behind `state`.
    pub fn new(state: &State) -> Self {
        Self {
            inner: state.storage().sql(),
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

/// Runs all statements in one transaction: either every one takes effect or none
/// (`transactionSync` of the Durable Object storage API).
pub fn transaction(state: &State, statements: Vec<Statement>) -> Result<()> {
    let storage: JsValue = state.storage().as_raw().into();
    let run: Function = Reflect::get(&storage, &"transactionSync".into())
        .map_err(js_error)?
        .dyn_into()
        .map_err(js_error)?;
    let sql = state.storage().sql();
    let failure: Rc<RefCell<Option<String>>> = Rc::default();
    let seen = failure.clone();
    let body = Closure::once(move || -> std::result::Result<(), JsValue> {
        let mut rows = 0;
        for (statement, values) in statements {
            match sql.exec(statement, values) {
                Ok(cursor) => rows += cursor.rows_written(),
                Err(error) => {
                    *seen.borrow_mut() = Some(error.to_string());
                    // the exception makes the runtime roll back
                    return Err(JsValue::from_str("statement failed"));
                }
            }
        }
        metrics::add("driftlock_sqlite_rows_written_total", rows as u64);
        Ok(())
    });
    let outcome = run.call1(&storage, body.as_ref().unchecked_ref());
    match (outcome, failure.take()) {
        (Ok(_), None) => Ok(()),
        (_, Some(cause)) => Err(Error::internal(cause)),
        (Err(cause), None) => Err(js_error(cause)),
    }
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
