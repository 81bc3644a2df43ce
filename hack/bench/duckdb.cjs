// What DuckDB makes of the same records: node duckdb.cjs FILE THREADS. It needs `npm install @duckdb/node-api`.
const { DuckDBInstance } = require("@duckdb/node-api");

(async () => {
  const [file, threads] = process.argv.slice(2);
  const db = await DuckDBInstance.create(":memory:", { threads });
  const connection = await db.connect();
  const reader = await connection.runAndReadAll(`
    SELECT type, namespace, pod_name, container_name, count(*), max("timestamp"), sum(nr_throttled) / sum(nr_periods),
           sum(throttled_usec) / sum(nr_throttled), sum(usage_usec) / sum(period_seconds), max(limit_cores), min(duration_ns)
    FROM read_json('${file}', format = 'newline_delimited', columns = {
      type: 'VARCHAR', "timestamp": 'VARCHAR', namespace: 'VARCHAR', pod_name: 'VARCHAR', container_name: 'VARCHAR',
      period_seconds: 'DOUBLE', nr_periods: 'BIGINT', nr_throttled: 'BIGINT', throttled_usec: 'BIGINT', usage_usec: 'BIGINT',
      limit_cores: 'DOUBLE', duration_ns: 'BIGINT'
    })
    GROUP BY ALL`);
  console.log(reader.getRows().length);
})();
