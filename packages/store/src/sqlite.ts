/**
 * The embedded database: SQLite as Node brings it. Kysely builds the statements and runs the migrations; what a
 * request runs is compiled once, kept prepared, and executed without waiting.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { type Compilable, Kysely, type SqliteDatabase, SqliteDialect } from 'kysely';

/** Tables are known by the declarations, at run time. */
export type AnyTables = { [table: string]: { [column: string]: SQLInputValue } };

export class Sqlite {
  readonly builder: Kysely<AnyTables>;
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  /** Opens or makes the file; `:memory:` is a database of its own. Throws when another process has it. */
  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: 0 });
    // Exclusive: the lock is taken by the first transaction and held until the end of the process.
    for (const pragma of ['locking_mode=exclusive', 'journal_mode=wal', 'synchronous=full', 'foreign_keys=on']) {
      this.#database.exec(`pragma ${pragma}`);
    }
    this.#database.exec('begin exclusive; commit');
    this.builder = new Kysely<AnyTables>({ dialect: new SqliteDialect({ database: adapt(this.#database) }) });
  }

  /** Rows of the statement that `build` makes; it is built and prepared once for each `key`. */
  all(key: string, build: (builder: Kysely<AnyTables>) => Compilable, values: readonly SQLInputValue[]): object[] {
    return this.#statement(key, build).all(...values);
  }

  /** The first row, if any. */
  one(
    key: string,
    build: (builder: Kysely<AnyTables>) => Compilable,
    values: readonly SQLInputValue[],
  ): object | undefined {
    return this.#statement(key, build).get(...values);
  }

  run(key: string, build: (builder: Kysely<AnyTables>) => Compilable, values: readonly SQLInputValue[]): void {
    this.#statement(key, build).run(...values);
  }

  begin(): void {
    this.#database.exec('begin immediate');
  }

  commit(): void {
    this.#database.exec('commit');
  }

  rollback(): void {
    if (this.#database.isTransaction) this.#database.exec('rollback');
  }

  close(): void {
    this.#prepared.clear();
    this.#database.close();
  }

  #statement(key: string, build: (builder: Kysely<AnyTables>) => Compilable): StatementSync {
    let statement = this.#prepared.get(key);
    if (!statement) {
      statement = this.#database.prepare(build(this.builder).compile().sql);
      this.#prepared.set(key, statement);
    }
    return statement;
  }
}

function adapt(database: DatabaseSync): SqliteDatabase {
  return {
    close: () => database.close(),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return {
        reader: statement.columns().length > 0,
        all: (values) => statement.all(...(values as SQLInputValue[])),
        run: (values) => statement.run(...(values as SQLInputValue[])),
        iterate: (values) => statement.iterate(...(values as SQLInputValue[])),
      };
    },
  };
}
