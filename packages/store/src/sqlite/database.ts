/**
 * The embedded database: SQLite as Node brings it. Kysely builds the statements and runs the migrations. The statements
 * of requests are compiled once, kept prepared, and executed synchronously.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { type Compilable, Kysely, type SqliteDatabase, SqliteDialect } from 'kysely';
import { onDisk } from './disk-fault.ts';

/** Tables come from the declarations, at run time. */
export type AnyTables = { [table: string]: { [column: string]: SQLInputValue } };

type Build = (builder: Kysely<AnyTables>, slot: (name: string) => never) => Compilable;
type Given = Readonly<Record<string, SQLInputValue | boolean>>;

export class Database {
  /** Of the file; null where there is none. */
  readonly path: string | null;
  readonly builder: Kysely<AnyTables>;
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, Prepared>();

  /** Opens or creates the file; `:memory:` is a private database. Throws if another process has the file open. */
  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: 0 });
    this.path = this.#database.location();
    // In exclusive mode, the first transaction takes the lock, and the process holds it until it ends.
    for (const pragma of ['locking_mode=exclusive', 'journal_mode=wal', 'synchronous=full', 'foreign_keys=on']) {
      this.#database.exec(`pragma ${pragma}`);
    }
    this.#database.exec('begin exclusive; commit');
    this.builder = new Kysely<AnyTables>({ dialect: new SqliteDialect({ database: adapt(this.#database) }) });
  }

  /**
   * The statement that `build` returns, prepared once for each `key`. A `slot` in it is bound to the value of that name
   * when the statement is executed; all other parameters keep the values that Kysely compiled.
   */
  prepare(key: string, build: Build): Prepared {
    let prepared = this.#prepared.get(key);
    if (!prepared) {
      const { sql, parameters } = build(this.builder, (name) => new Slot(name) as never).compile();
      prepared = new Prepared(this.path, this.#database.prepare(sql), parameters);
      this.#prepared.set(key, prepared);
    }
    return prepared;
  }

  /** Whether a transaction is open. SQLite rolls it back by itself after a disk fault. */
  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  begin(): void {
    onDisk(this.path, () => this.#database.exec('begin immediate'));
  }

  commit(): void {
    onDisk(this.path, () => this.#database.exec('commit'));
  }

  rollback(): void {
    if (this.#database.isTransaction) this.#database.exec('rollback');
  }

  /** Begins a part of the transaction that can be rolled back alone. */
  savepoint(): void {
    onDisk(this.path, () => this.#database.exec('savepoint part'));
  }

  release(): void {
    onDisk(this.path, () => this.#database.exec('release part'));
  }

  rollbackToSavepoint(): void {
    this.#database.exec('rollback to part; release part');
  }

  /** Copies the database to the file `path`, without the space of deleted rows. */
  copyInto(path: string): void {
    this.#database.prepare('vacuum into ?').run(path);
  }

  /** Names of the migrations that made it what it is, in their order. */
  migrationsDone(): string[] {
    const made = this.#database.prepare("select 1 from sqlite_master where name = 'kysely_migration'").get();
    const done = made ? this.#database.prepare('select name from kysely_migration order by name').all() : [];
    return (done as { name: string }[]).map(({ name }) => name);
  }

  /** The damage of the file, in SQLite's words; undefined if it has none. */
  damage(): string | undefined {
    const [first] = this.#database.prepare('pragma quick_check(1)').all() as { quick_check: string }[];
    return first?.quick_check === 'ok' ? undefined : (first?.quick_check ?? 'no answer');
  }

  close(): void {
    this.#prepared.clear();
    this.#database.close();
  }
}

/** Placeholder in a statement for a value that is bound when it is executed. */
class Slot {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

export class Prepared {
  readonly #path: string | null;
  readonly #statement: StatementSync;
  readonly #parameters: readonly unknown[];

  constructor(path: string | null, statement: StatementSync, parameters: readonly unknown[]) {
    this.#path = path;
    this.#statement = statement;
    this.#parameters = parameters;
  }

  all(given: Given = {}): object[] {
    return onDisk(this.#path, () => this.#statement.all(...this.#bound(given)));
  }

  /** The first row, if any. */
  one(given: Given = {}): object | undefined {
    return onDisk(this.#path, () => this.#statement.get(...this.#bound(given)));
  }

  /** The id of the row that was inserted last. */
  run(given: Given = {}): number {
    return onDisk(this.#path, () => Number(this.#statement.run(...this.#bound(given)).lastInsertRowid));
  }

  /** Like `run`, with the values of the slots in order, because the slots of many rows have no names. */
  runWith(values: readonly SQLInputValue[]): void {
    onDisk(this.#path, () => this.#statement.run(...values));
  }

  #bound(given: Given): SQLInputValue[] {
    return this.#parameters.map((parameter) =>
      bindable(parameter instanceof Slot ? given[parameter.name] : (parameter as SQLInputValue)),
    );
  }
}

/** SQLite has no booleans. */
function bindable(value: SQLInputValue | boolean | undefined): SQLInputValue {
  return typeof value === 'boolean' ? Number(value) : (value as SQLInputValue);
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
