//! Runs the tasks of requests and waits for promises, where every batch passes through. What comes with `wasm_bindgen_futures` makes
//! two closures for each promise, which the garbage collector is told of one by one, and a microtask for each time that a task goes on;
//! here all promises call one closure, with a number that says who waits, and the task goes on at once.

use slab::Slab;
use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/platform/task.js")]
extern "C" {
    fn hear(promise: &JsValue, settle: &JsValue, number: usize);
}

thread_local! {
    static TASKS: RefCell<Slab<Task>> = const { RefCell::new(Slab::new()) };
    static PROMISES: RefCell<Slab<Promise>> = const { RefCell::new(Slab::new()) };
    /// While a promise is being settled: whom that wakes up.
    static WOKEN: RefCell<Option<Vec<Id>>> = const { RefCell::new(None) };
    static STARTED: Cell<u64> = const { Cell::new(0) };
    static SETTLE: Closure<dyn Fn(usize, bool, JsValue)> = Closure::new(|number, is_value, value| {
        settle(number, if is_value { Ok(value) } else { Err(value) });
    });
}

type Work = Pin<Box<dyn Future<Output = ()>>>;

struct Task {
    id: Id,
    /// None while it is being run.
    work: Option<Work>,
    waker: Waker,
}

/// A task's place, and how many there were before it: places are used again, and wakers outlive their tasks.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Id {
    place: usize,
    count: u64,
}

impl Wake for Id {
    fn wake(self: Arc<Self>) {
        let runs_soon = WOKEN.with_borrow_mut(|woken| {
            let woken = woken.as_mut();
            woken.map(|woken| woken.push(*self)).is_some()
        });
        if !runs_soon {
            wasm_bindgen_futures::spawn_local(async move { run(*self) });
        }
    }
}

/// Runs a task as far as it gets, and on from there whenever what it waits for is there.
pub fn start(work: impl Future<Output = ()> + 'static) {
    let count = STARTED.get();
    STARTED.set(count + 1);
    let id = TASKS.with_borrow_mut(|tasks| {
        let entry = tasks.vacant_entry();
        let place = entry.key();
        let id = Id { place, count };
        entry.insert(Task {
            id,
            work: Some(Box::pin(work)),
            waker: Arc::new(id).into(),
        });
        id
    });
    run(id);
}

/// Runs a task, and no others that might go on too: what a request has open can be used only while the runtime is about that request,
/// as it is when one of its promises is settled.
fn run(id: Id) {
    let taken = TASKS.with_borrow_mut(|tasks| {
        let task = tasks.get_mut(id.place).filter(|task| task.id == id)?;
        // it has its work: whoever wakes it up while it runs does so by a microtask, after that
        Some((task.work.take()?, task.waker.clone()))
    });
    let Some((mut work, waker)) = taken else {
        return;
    };
    let mut context = Context::from_waker(&waker);
    let is_done = work.as_mut().poll(&mut context).is_ready();
    TASKS.with_borrow_mut(|tasks| {
        if is_done {
            tasks.try_remove(id.place);
        } else if let Some(task) = tasks.get_mut(id.place) {
            task.work = Some(work);
        }
    });
}

/// What became of a promise: its value, or why there is none.
pub type Outcome = Result<JsValue, JsValue>;

enum Promise {
    /// And who waits, once it has been asked.
    Open(Option<Waker>),
    Settled(Outcome),
    /// Nobody waits any more, but it will still call.
    Left,
}

/// A promise as a future.
#[derive(Debug)]
#[must_use = "nothing is known of what nobody waits for"]
pub struct Promised(usize);

/// Waits for a promise.
pub fn promised(promise: &JsValue) -> Promised {
    let promised = Promised::open();
    SETTLE.with(|settle| hear(promise, settle.as_ref(), promised.0));
    promised
}

impl Promised {
    fn open() -> Self {
        Self(PROMISES.with_borrow_mut(|promises| promises.insert(Promise::Open(None))))
    }
}

fn settle(number: usize, outcome: Outcome) {
    let waker = PROMISES.with_borrow_mut(|promises| {
        let promise = promises.get_mut(number)?;
        match std::mem::replace(promise, Promise::Settled(outcome)) {
            Promise::Open(waker) => waker,
            _ => {
                promises.remove(number);
                None
            }
        }
    });
    if let Some(waker) = waker {
        WOKEN.set(Some(Vec::new()));
        waker.wake();
        WOKEN.take().into_iter().flatten().for_each(run);
    }
}

impl Future for Promised {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        PROMISES.with_borrow_mut(|promises| match promises.get_mut(self.0) {
            Some(Promise::Settled(outcome)) => {
                Poll::Ready(std::mem::replace(outcome, Ok(JsValue::UNDEFINED)))
            }
            Some(promise) => {
                *promise = Promise::Open(Some(context.waker().clone()));
                Poll::Pending
            }
            None => unreachable!("kept until it is dropped"),
        })
    }
}

impl Drop for Promised {
    fn drop(&mut self) {
        PROMISES.with_borrow_mut(|promises| match promises.get_mut(self.0) {
            Some(promise @ Promise::Open(_)) => *promise = Promise::Left,
            _ => drop(promises.try_remove(self.0)),
        });
    }
}

#[cfg(test)]
#[path = "task_tests.rs"]
mod tests;
