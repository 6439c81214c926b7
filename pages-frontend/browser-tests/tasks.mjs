import assert from 'node:assert/strict';

/**
 * Watches the page's main thread; the function it gives ends that and returns the tasks of more than 50 ms.
 * In processor time: beside other work a task takes longer by the clock, which says nothing about the page.
 */
export async function watchTasks(page) {
  const browser = page.context().browser();
  await browser.startTracing(page, { categories: ['toplevel'] });
  return async () => {
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
    const threads = traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`);
    const tasks = traceEvents.filter(
      ({ name, pid, tid }) => name === 'ThreadControllerImpl::RunTask' && threads.includes(`${pid} ${tid}`),
    );
    assert.ok(
      tasks.some(({ tdur }) => tdur > 0),
      'the trace has no processor times',
    );
    return tasks.map(({ tdur }) => tdur / 1000).filter((ms) => ms > 50);
  };
}
