use super::*;
use futures_util::future::join_all;
use std::rc::Rc;

/// Numbers in the order in which things happened.
type Seen = Rc<RefCell<Vec<u32>>>;

fn sees(seen: &Seen, what: u32) {
    seen.borrow_mut().push(what);
}

fn counts() -> (usize, usize) {
    let tasks = TASKS.with_borrow(Slab::len);
    (tasks, PROMISES.with_borrow(Slab::len))
}

#[test]
fn a_task_runs_at_once_up_to_what_it_waits_for_and_on_when_that_is_there() {
    let seen = Seen::default();
    let (first, second) = (Promised::open(), Promised::open());
    let (one, two) = (first.0, second.0);
    let task = seen.clone();
    start(async move {
        sees(&task, 1);
        assert!(first.await.is_ok());
        sees(&task, 2);
        assert!(second.await.is_err());
        sees(&task, 3);
    });
    assert_eq!(*seen.borrow(), [1]);
    // what is there before anybody asks is found later
    settle(two, Err(JsValue::NULL));
    assert_eq!(*seen.borrow(), [1]);
    settle(one, Ok(JsValue::NULL));
    assert_eq!(*seen.borrow(), [1, 2, 3]);
    assert_eq!(counts(), (0, 0));
}

#[test]
fn tasks_and_promises_side_by_side_hear_of_their_own() {
    let seen = Seen::default();
    let mut numbers = Vec::new();
    for task in 0..3 {
        let (seen, promises) = (seen.clone(), [Promised::open(), Promised::open()]);
        numbers.push([promises[0].0, promises[1].0]);
        start(async move {
            let outcomes = join_all(promises).await;
            assert!(outcomes[0].is_ok() && outcomes[1].is_err());
            sees(&seen, task);
        });
    }
    for task in [1, 0, 2] {
        settle(numbers[task][1], Err(JsValue::NULL));
    }
    assert_eq!(*seen.borrow(), [0u32; 0]);
    for task in [2, 0, 1] {
        settle(numbers[task][0], Ok(JsValue::NULL));
    }
    assert_eq!(*seen.borrow(), [2, 0, 1]);
    assert_eq!(counts(), (0, 0));
}

#[test]
fn a_promise_that_nobody_waits_for_any_more_leaves_nothing_behind() {
    let (dropped, settled, asked) = (Promised::open(), Promised::open(), Promised::open());
    let numbers = [dropped.0, settled.0, asked.0];
    drop(dropped);
    settle(numbers[0], Ok(JsValue::NULL));
    settle(numbers[1], Ok(JsValue::NULL));
    drop(settled);
    let both = futures_util::future::select(Box::pin(asked), std::future::ready(()));
    start(async move { drop(both.await) });
    settle(numbers[2], Ok(JsValue::NULL));
    // and a number is no harm once it is nobody's
    settle(numbers[2], Ok(JsValue::NULL));
    assert_eq!(counts(), (0, 0));
}

#[test]
fn a_waker_that_outlives_its_task_wakes_up_no_other() {
    let seen = Seen::default();
    let kept = Rc::new(RefCell::new(None));
    let keeps = kept.clone();
    start(std::future::poll_fn(move |context| {
        *keeps.borrow_mut() = Some(context.waker().clone());
        Poll::Ready(())
    }));
    let task = seen.clone();
    start(std::future::poll_fn(move |_| {
        sees(&task, 1);
        Poll::<()>::Pending
    }));
    WOKEN.set(Some(Vec::new()));
    kept.take().expect("the first task's").wake();
    let woken = WOKEN.take().expect("who was woken up");
    assert_eq!(woken.len(), 1);
    woken.into_iter().for_each(run);
    assert_eq!(*seen.borrow(), [1]);
}
