// What DuckDB makes of the same records: node duckdb.cjs FILE THREADS SHAPE. It needs `npm install @duckdb/node-api`.
const { DuckDBInstance } = require("@duckdb/node-api");

(async () => {
  const [file, threads, shape] = process.argv.slice(2);
  const [figures, columns] = {
    rotation: [
      `sum(nr_throttled) / sum(nr_periods), sum(throttled_usec) / sum(nr_throttled), sum(usage_usec) / sum(period_seconds)`,
      `period_seconds: 'DOUBLE', nr_periods: 'BIGINT', nr_throttled: 'BIGINT', throttled_usec: 'BIGINT', usage_usec: 'BIGINT'`,
    ],
    random: [
      `avg(throttle_percentage), avg(reported_cpu_usage), avg(actual_cpu_usage)`,
      `throttle_percentage: 'DOUBLE', reported_cpu_usage: 'DOUBLE', actual_cpu_usage: 'DOUBLE'`,
    ],
  }[shape];
  const db = await DuckDBInstance.create(":memory:", { threads });
  const connection = await db.connect();
  const reader = await connection.runAndReadAll(`
    SELECT type, namespace, pod_name, container_name, count(*), max("timestamp"), ${figures}, max(limit_cores), min(duration_ns)
    FROM read_json('${file}', format = 'newline_delimited', columns = {
      type: 'VARCHAR', "timestamp": 'VARCHAR', namespace: 'VARCHAR', pod_name: 'VARCHAR', container_name: 'VARCHAR',
      ${columns}, limit_cores: 'DOUBLE', duration_ns: 'BIGINT'
    })
    GROUP BY ALL`);
  console.log(reader.getRows().length);
})();
