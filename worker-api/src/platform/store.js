// What an object asks of its storage, each in one call.

/** Runs one statement, which is a transaction of its own. Answers the rows that it wrote. */
export function run(storage, statement, values) {
  return storage.sql.exec(statement, ...values).rowsWritten;
}

/** Runs all statements, or none: what throws makes the runtime roll back. Answers the rows that they wrote. */
export function runAll(storage, statements, values) {
  return storage.transactionSync(() => {
    let rows = 0;
    for (let i = 0; i < statements.length; i += 1) rows += storage.sql.exec(statements[i], ...values[i]).rowsWritten;
    return rows;
  });
}

/** Sets the alarm to a time in milliseconds. It becomes durable together with what was written just before. */
export function setAlarm(storage, at) {
  return storage.setAlarm(at);
}
