// What an object asks of its storage, each in one call.

/** Runs one statement, which is a transaction of its own. Answers the rows that it wrote. */
export function run(sql, statement, values) {
  return sql.exec(statement, ...values).rowsWritten;
}

/** The same for two numbers and bytes. `body`: a view of wasm's memory, which the statement has read when this returns. */
export function append(sql, statement, first, second, body) {
  return sql.exec(statement, first, second, body).rowsWritten;
}

/** Runs all statements, or none: what throws makes the runtime roll back. Answers the rows that they wrote. */
export function runAll(storage, sql, statements, values) {
  return storage.transactionSync(() => {
    let rows = 0;
    for (let i = 0; i < statements.length; i += 1) rows += sql.exec(statements[i], ...values[i]).rowsWritten;
    return rows;
  });
}

/** Sets the alarm to a time in milliseconds. It becomes durable together with what was written just before. */
export function setAlarm(storage, at) {
  return storage.setAlarm(at);
}
