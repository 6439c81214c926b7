// Tells Rust what becomes of a promise.

/** Calls `settle(number, true, value)` or `settle(number, false, reason)`. */
export function hear(promise, settle, number) {
  const state = globalThis.__worker_init_state;
  const { instanceId } = state;
  const tell = (isValue) => (value) => {
    // after a trap, whoever waited is gone with the instance
    if (state.instanceId !== instanceId) return;
    try {
      settle(number, isValue, value);
    } catch (error) {
      // a trap in a task: nobody else would hear of it
      reportError(error);
    }
  };
  promise.then(tell(true), tell(false));
}
